export type Side = 'below-start' | 'below-end' | 'right-end'

interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

/** Where a floating panel goes beside its anchor so that all of it is on screen. */
export function place(anchor: Box, size: { width: number; height: number }, view: { width: number; height: number }, side: Side) {
  const gap = 4
  const edge = 8
  let left = side === 'below-start' ? anchor.left : side === 'below-end' ? anchor.right - size.width : anchor.right + gap
  let top = side === 'right-end' ? anchor.bottom - size.height : anchor.bottom + gap
  if (side !== 'right-end' && top + size.height > view.height - edge && anchor.top - gap - size.height >= edge)
    top = anchor.top - gap - size.height
  left = Math.max(edge, Math.min(left, view.width - size.width - edge))
  top = Math.max(edge, Math.min(top, view.height - size.height - edge))
  return { left, top }
}
