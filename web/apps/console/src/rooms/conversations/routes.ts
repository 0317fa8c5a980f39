import type { RouteRecordRaw } from 'vue-router'
import ConversationsPage from './pages/ConversationsPage.vue'

export const conversationRoutes: RouteRecordRaw[] = [{ path: '/conversations/:key?', name: 'conversations', component: ConversationsPage }]
