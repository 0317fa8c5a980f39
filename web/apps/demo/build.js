/** The demo shop needs no building: its pages go to where the server finds them. */
import { cp, rm } from 'node:fs/promises'

const to = new URL('../../../yingke/app/static/demo', import.meta.url)
await rm(to, { recursive: true, force: true })
await cp(new URL('src', import.meta.url), to, { recursive: true })
