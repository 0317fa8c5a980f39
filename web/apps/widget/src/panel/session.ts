import { Nap, Refused, backoff, onWake, post, type Post } from '@yingke/sync'
import { TOKEN, type Host } from '../host.ts'
import type { Site } from './rows.ts'

const FIRST_WAIT = 500

interface Begun {
  readonly token: string
  readonly site: Site
}

interface SessionWatch {
  /** Another tab has become another visitor, and so has this one. */
  another(): void
  /** The desk cannot be reached; it is being tried again. */
  unreachable(): void
}

/**
 * Who this visitor is. All tabs of a site share one token; where storage is blocked it lives as long as the page.
 */
export class Session {
  token: string
  /** The last token the server did not know; storage may still hold it. */
  private refused = ''
  private beginning: Promise<Site> | undefined
  private readonly nap = new Nap()
  private readonly host: Host
  private readonly http: Post
  private readonly locale: string
  private readonly watch: SessionWatch

  constructor(host: Host, http: Post, locale: string, watch: SessionWatch) {
    this.host = host
    this.http = http
    this.locale = locale
    this.watch = watch
    this.token = this.stored()
    addEventListener('storage', (event) => {
      if (event.key !== host.prefix + TOKEN || !event.newValue || event.newValue === this.token) return
      const known = this.token
      this.token = event.newValue
      if (known) watch.another()
    })
    onWake(() => this.nap.wake())
  }

  /** Continues the session or begins one, for as long as it takes. Throws `Refused` where this page may not. */
  begin(): Promise<Site> {
    if (!this.beginning) {
      this.beginning = this.attempt()
      this.beginning.catch(() => (this.beginning = undefined))
    }
    return this.beginning
  }

  /** The token is no longer good: begin again as somebody new, unless another tab has already done so. */
  renew(): Promise<Site> {
    this.forget()
    this.beginning = undefined
    return this.begin()
  }

  private async attempt(): Promise<Site> {
    for (let failures = 0; ; failures++) {
      const asked = this.token
      try {
        const body = { site: this.host.site, locale: this.locale, ...(asked && { token: asked }) }
        const { token, site } = await post<Begun>(this.http, this.host.base + 'w/v1/sessions', body)
        // Two tabs that begin at the same time agree on the one that stored first; the other was nobody yet.
        this.keep((!asked && this.stored()) || token)
        return site
      } catch (error) {
        if (!(error instanceof Refused)) {
          this.watch.unreachable()
          await this.nap.take(backoff(failures, FIRST_WAIT))
        } else if (error.problem.status === 401 && asked) this.forget()
        else throw error
      }
    }
  }

  private forget(): void {
    this.refused = this.token
    this.token = this.stored()
  }

  private keep(token: string): void {
    this.token = token
    this.host.write(TOKEN, token)
  }

  private stored(): string {
    const token = this.host.read(TOKEN)
    return token === this.refused ? '' : token
  }
}
