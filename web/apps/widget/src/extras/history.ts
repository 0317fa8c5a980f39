import { post, type Post, type Replica, type SnapshotRow } from '@yingke/sync'
import type { Message } from '../panel/rows.ts'

const PAGE = 50

/** Fetches the messages before `first` and adds them to what is held. */
export async function fetchOlder(http: Post, base: string, token: string, first: Message, replica: Replica): Promise<void> {
  const body = { token, before: { no: first.no, seq: first.seq }, limit: PAGE }
  const page = await post<{ rows: SnapshotRow[]; more: boolean }>(http, base + 'w/v1/history', body)
  replica.hold(page.rows)
  replica.more = page.more
}
