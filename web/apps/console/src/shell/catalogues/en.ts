import { merge } from './merge.ts'

export default merge(import.meta.glob(['../en.json', '../../rooms/*/en.json'], { eager: true, import: 'default' }))
