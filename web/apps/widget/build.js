/** Builds what visitors fetch: the loader, and the files that it fetches when they are wanted. */
import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))
const outDir = fileURLToPath(new URL('../../../yingke/app/static/widget', import.meta.url))

/** ES2017 with `import()`: these are the first browsers that have it, and what they all have need not be rewritten. */
const target = ['chrome63', 'edge79', 'firefox67', 'safari11.1']

/** Makes one file of one entry, and answers its text. */
async function bundle(entry, fileName, format = 'es', define = {}) {
  const result = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    define: Object.fromEntries(Object.entries(define).map(([name, value]) => [name, JSON.stringify(value)])),
    build: {
      outDir,
      emptyOutDir: false,
      target,
      cssTarget: 'chrome123', // left as written: where an old browser needs another value, the style sheet says so
      minify: 'terser',
      terserOptions: { ecma: 2017, module: format === 'es', compress: { passes: 3 } },
      modulePreload: false,
      ...(format === 'iife'
        ? { lib: { entry: root + entry, formats: [format], name: 'YingkeLoader', fileName: () => fileName } }
        : // `lib` would leave the white space of a module in.
          {
            rolldownOptions: {
              input: root + entry,
              preserveEntrySignatures: 'strict',
              output: { entryFileNames: fileName },
            },
          }),
    },
  })
  return [result].flat()[0].output[0].code
}

async function panel(locale) {
  const words = JSON.parse(await readFile(`${root}src/words/${locale}.json`, 'utf8'))
  return bundle('src/panel/index.ts', `panel.${locale}.js`, 'es', { __WORDS__: words, __LOCALE__: locale })
}

await rm(outDir, { recursive: true, force: true })
const fetched = [
  await panel('zh-CN'),
  await panel('en'),
  await bundle('src/extras/emoji.ts', 'emoji.js'),
  await bundle('src/extras/fallback.ts', 'fallback.js'),
  await bundle('src/extras/history.ts', 'history.js'),
]
// Names stay the same and the version is a query: a loader that a browser has kept finds the files of today.
const __VERSION__ = createHash('sha256').update(fetched.join()).digest('hex').slice(0, 10)
await bundle('src/loader/loader.ts', 'widget.js', 'iife', { __VERSION__ })
