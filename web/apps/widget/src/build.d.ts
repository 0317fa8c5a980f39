/** What build.js puts in. */

declare module '*.css?inline' {
  const css: string
  export default css
}
/** The one catalogue of this panel: a visitor fetches one language. */
declare const __WORDS__: import('./words/words.ts').Catalogue
declare const __LOCALE__: import('./words/words.ts').Locale
/** Changes with any file the loader may fetch. */
declare const __VERSION__: string
