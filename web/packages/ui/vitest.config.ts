import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [vue()],
  test: { name: 'ui', environment: 'happy-dom', include: ['src/**/*.test.ts'], restoreMocks: true },
})
