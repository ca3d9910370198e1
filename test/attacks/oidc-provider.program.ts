import Provider from 'oidc-provider'
import pg from 'pg'

// `oidc-provider` with an adapter as its documentation has one for a document store: a JSON column, a key, a unique index.

const { DATABASE_URL = '', PORT = '', ISSUER = '', CLIENTS = '[]', RESOURCE = '', SCOPE = '' } = process.env
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })

/** The library's storage adapter. */
interface Payload {
  readonly grantId?: string
  readonly userCode?: string
  readonly uid?: string
}

class PostgresAdapter {
  readonly #model: string

  constructor(model: string) {
    this.#model = model
  }
  async upsert(id: string, payload: Payload, expiresIn: number) {
    const { grantId = null, userCode = null, uid = null } = payload
    await pool.query(
      `insert into oidc (model, id, payload, grant_id, user_code, uid, expires_at)
       values ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')
       on conflict (model, id) do update set payload = $3, grant_id = $4, user_code = $5, uid = $6,
         expires_at = excluded.expires_at`,
      [this.#model, id, JSON.stringify(payload), grantId, userCode, uid, expiresIn ?? 315_360_000],
    )
  }
  find(id: string) {
    return this.#by('id', id)
  }
  findByUid(uid: string) {
    return this.#by('uid', uid)
  }
  findByUserCode(userCode: string) {
    return this.#by('user_code', userCode)
  }
  async consume(id: string) {
    await pool.query(`update oidc set consumed_at = now() where model = $1 and id = $2`, [this.#model, id])
  }
  async destroy(id: string) {
    await pool.query('delete from oidc where model = $1 and id = $2', [this.#model, id])
  }
  async revokeByGrantId(grantId: string) {
    await pool.query('delete from oidc where grant_id = $1', [grantId])
  }
  async #by(column: string, value: string) {
    const { rows } = await pool.query(
      `select payload, consumed_at from oidc where model = $1 and ${column} = $2 and expires_at > now()`,
      [this.#model, value],
    )
    const [row] = rows
    if (row === undefined) return undefined
    return { ...row.payload, ...(row.consumed_at === null ? {} : { consumed: true }) }
  }
}

await pool
  .query(`
  create table if not exists oidc (
    model text, id text, payload jsonb not null, grant_id text, user_code text, uid text,
    expires_at timestamptz not null, consumed_at timestamptz, primary key (model, id)
  );
  create index if not exists oidc_grants on oidc (grant_id);
  create index if not exists oidc_uids on oidc (uid)`)
  .catch(() => {})

const configuration = {
  adapter: PostgresAdapter,
  clients: JSON.parse(CLIENTS),
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  cookies: { keys: ['a key for both processes'] },
  jwks: { keys: [JSON.parse(process.env.SIGNING_KEY ?? '{}')] },
  pkce: { required: () => true },
  issueRefreshToken: async () => true,
  rotateRefreshToken: () => true,
  ttl: {
    AuthorizationCode: 60,
    AccessToken: 600,
    RefreshToken: 2_592_000,
    Grant: 2_592_000,
    Session: 86_400,
    Interaction: 3_600,
  },
  findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    introspection: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: SCOPE,
        audience: RESOURCE,
        accessTokenTTL: 600,
        accessTokenFormat: 'opaque',
      }),
    },
  },
}
const provider = new Provider(ISSUER, configuration)
provider.on('server_error', (_: unknown, error: Error) => process.stderr.write(`${error.stack}\n`))
provider.listen(Number(PORT), '127.0.0.1', () => process.stdout.write('ready\n'))
