import type { IconName } from '@yingke/ui'
import type { MeRow } from '@yingke/api'

/** The rail, from top to bottom. A room is listed once it leads somewhere. */
export interface Room {
  path: string
  icon: IconName
  label: string
  open: (me: MeRow) => boolean
}

export const rooms: Room[] = [
  { path: '/conversations', icon: 'chats', label: 'conversations.room', open: () => true },
  { path: '/people', icon: 'people', label: 'staff.room', open: (me) => me.rights.includes('staff.manage') },
]
