import type { RouteRecordRaw } from 'vue-router'

export const staffRoutes: RouteRecordRaw[] = [{ path: '/people', name: 'people', component: () => import('./pages/PeoplePage.vue') }]
