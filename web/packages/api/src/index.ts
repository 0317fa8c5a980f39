export * from './client.ts'
export * from './commands.ts'
export * from './problem.ts'
export * from './rows.ts'
