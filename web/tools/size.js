/** Holds what a visitor has to fetch to the limits of the project (docs/performance.md, P5). */
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const built = new URL('../../yingke/app/static/widget/', import.meta.url)
const limits = { 'widget.js': 3000, 'panel.zh-CN.js': 15_000, 'panel.en.js': 15_000 }

let over = false
for (const [name, limit] of Object.entries(limits)) {
  const size = gzipSync(readFileSync(new URL(name, built)), { level: 9 }).length
  over ||= size > limit
  console.log(`${name}: ${size} bytes of ${limit}, gzip${size > limit ? ': too large' : ''}`)
}
if (over) process.exit(1)
