import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { conversationRoutes } from '../rooms/conversations/routes.ts'
import { staffRoutes } from '../rooms/staff/routes.ts'

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/conversations' },
  { path: '/setup', name: 'setup', component: { render: () => null } },
  ...conversationRoutes,
  ...staffRoutes,
  { path: '/:rest(.*)*', name: 'nowhere', component: () => import('./Nowhere.vue') },
]

export const router = createRouter({ history: createWebHistory(), routes })
