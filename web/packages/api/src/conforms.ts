import type { CommandName, Commands } from './commands.ts'
import type { components, paths } from './openapi.ts'
import type { ConversationRow, History, LastMessage, MeRow, Named, Page, StaffRow } from './rows.ts'

/**
 * The build fails here when what we write down by hand and what the server describes are no longer the same. Ours say more (which
 * words a field may hold), never something else.
 */
type Schemas = components['schemas']
type Same<Ours extends Theirs, Theirs> = keyof Theirs extends keyof Ours ? true : never
type Holds<T extends true> = T

export type Rows = [
  Holds<Same<ConversationRow, Schemas['StaffConversation']>>,
  Holds<Same<LastMessage, Schemas['Last']>>,
  Holds<Same<MeRow, Schemas['MeRow']>>,
  Holds<Same<StaffRow, Schemas['StaffRow']>>,
  Holds<Same<Named, Schemas['Ref']>>,
  Holds<Same<Page<StaffRow>, Answer<'/api/v1/staff'>>>,
  Holds<Same<Page<Named>, Answer<'/api/v1/groups'>>>,
]
export type Older = Holds<Same<Pick<History, 'more'>, Pick<Answer<'/api/v1/conversations/{key}/messages'>, 'more'>>>

type Answer<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { 'application/json': infer A } } } } } ? A : never
type ArgsOf<N extends CommandName> = paths[`/api/v1/commands/${N}`] extends {
  post: { requestBody: { content: { 'application/json': { args: infer A } } } }
}
  ? A
  : never

/** Every command exists on the server, and takes the arguments we send. */
export type Arguments = { [N in CommandName]: Holds<Commands[N]['args'] extends ArgsOf<N> ? true : never> }
