import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const server = 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [vue()],
  // The parts of Vue and its i18n that this console does not use stay out of the bundle.
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: '../../../yingke/app/static/console',
    emptyOutDir: true,
    target: ['chrome100', 'edge100', 'firefox100', 'safari15.4'],
    // A content security policy allows no data: scripts, and small icons are not worth an exception.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/api': server, '/live': { target: server, ws: true }, '/w': server },
  },
})
