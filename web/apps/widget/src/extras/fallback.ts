/** The transports for networks without WebSockets: fetched where the socket fails, and nowhere else. */
export { FALLBACK } from '@yingke/sync'
