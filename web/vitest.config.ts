import { defineConfig } from 'vitest/config'

// Each workspace is a project of its own; one that needs more (Vue, a DOM) says so in its own vitest.config.ts.
export default defineConfig({
  test: { projects: ['packages/*', 'apps/*'], watch: false, passWithNoTests: true },
})
