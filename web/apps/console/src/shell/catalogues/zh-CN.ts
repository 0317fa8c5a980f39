import { merge } from './merge.ts'

export default merge(import.meta.glob(['../zh-CN.json', '../../rooms/*/zh-CN.json'], { eager: true, import: 'default' }))
