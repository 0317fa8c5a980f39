import type { LocaleMessageDictionary, VueMessageType } from 'vue-i18n'

export type Catalogue = Record<string, LocaleMessageDictionary<VueMessageType>>

/** `../../rooms/<room>/en.json` becomes `{room: …}`; the shell's own file becomes `{shell: …}`. */
export function merge(files: Record<string, Catalogue[string]>): Catalogue {
  return Object.fromEntries(
    Object.entries(files).map(([path, texts]) => {
      const folder = path.split('/').at(-2)
      return [folder === '..' ? 'shell' : folder, texts]
    }),
  )
}
