/** One stroke weight, one 24 px box; each entry is the inside of the `d` attribute. */
export const icons = {
  chats: 'M4 5h16v11H9l-5 4z',
  people: 'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c.8-3.6 3.4-5.5 6.5-5.5s5.7 1.9 6.5 5.5M16 5a3.2 3.2 0 0 1 0 6.2M18 14.8c1.9.8 3 2.6 3.5 5.2',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5 20 20',
  back: 'M15 5l-7 7 7 7',
  down: 'M6 9l6 6 6-6',
  arrowDown: 'M12 5v14M6 13l6 6 6-6',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  checks: 'M2 12.5l4.5 4.5L16 7.5M11.5 16l1 1L22 7.5',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5l3 2',
  warn: 'M12 4L2.5 20h19zM12 10v4.5M12 17.3v.2',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 11v5.5M12 7.7v.2',
  panel: 'M4 5h16v14H4zM15 5v14',
  note: 'M5 4h14v10l-5 6H5zM14 20v-6h5',
  keyboard: 'M3 7h18v11H3zM7 11h.1M11 11h.1M15 11h.1M7 14.5h10',
} as const

export type IconName = keyof typeof icons
