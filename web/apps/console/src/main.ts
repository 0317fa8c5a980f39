import '@yingke/ui'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { followLocale, i18n } from './shell/i18n.ts'
import { showPrefs, usePrefs } from './shell/prefs.ts'
import { router } from './shell/router.ts'

const app = createApp(App).use(createPinia())
const prefs = usePrefs()
showPrefs(prefs)
await followLocale(prefs)
app.use(i18n).use(router).mount('#app')
