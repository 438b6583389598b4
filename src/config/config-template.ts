import type { builtInTargetTypes } from '../load/registry.ts';

export interface ConfigAnswers {
  readonly appId: string;
  /** `token`: someone else maintains it; `secret`: scenedim calls stable_token. */
  readonly credential: 'token' | 'secret';
  readonly target: (typeof builtInTargetTypes)[number];
  /** IANA name. */
  readonly timeZone: string;
}

export const defaultAnswers: ConfigAnswers = {
  appId: 'wx0123456789abcdef',
  credential: 'token',
  target: 'pglite',
  timeZone: 'Asia/Shanghai',
};

/** The text of a commented config with every setting in it; what differs from the answers is commented out. */
export function configTemplate(answers: ConfigAnswers): string {
  const token = answers.credential === 'token';
  const is = (target: ConfigAnswers['target']): boolean => answers.target === target;
  const when = (wanted: boolean): string => (wanted ? '' : '# ');
  return `# scenedim: keeps WeChat's access sources as a dimension in your warehouse.
# \${VAR}, \${VAR:-default} and \${VAR:?message} are replaced by environment variables.
# Each setting has a variable too, which wins over this file: SCENEDIM_TARGET_PATH, …
# Editors: \`scenedim schema config\` prints the JSON Schema of this file.

source:
  baseUrl: https://api.weixin.qq.com
  # Tried when baseUrl cannot be reached:
  # fallbackBaseUrls: [https://api2.weixin.qq.com]
  concurrency: 8            # requests at the same time
  ratePerSecond: 50         # requests started in a second, at most
  timeoutMs: 12000          # longest time for one request
  totalTimeoutMs: 180000    # longest time for one account, repetitions and waits included
  # proxy: env              # HTTPS_PROXY and NO_PROXY; or the URL of a proxy
  # A secret is never written here: { env: NAME } or { file: PATH } says where it is.
  accounts:
    - appId: ${yamlText(answers.appId)}
      # A token that someone else maintains:
      ${when(token)}accessToken: { env: WECHAT_ACCESS_TOKEN }
      # Or the app secret; scenedim then calls stable_token, which leaves your production's token alone:
      ${when(!token)}appSecret: { env: WECHAT_APP_SECRET }
  # Or many accounts in a CSV file: column app_id, and one of secret_env, secret_file, token_env, token_file.
  # accounts: { file: accounts.csv }
  # Or every account that has authorised a third-party platform:
  # accounts: { platform: all }
  # platform:
  #   componentAppId: wx00000000000000c0
  #   componentAccessToken: { env: WECHAT_COMPONENT_ACCESS_TOKEN }   # the platform's own
  #   tokenStore: { file: ./refresh-tokens.json }                    # or { target: true }

target:
  # A database in a directory, nothing to install:
  ${when(is('pglite'))}type: pglite
  ${when(is('pglite'))}path: ./data/scene          # relative to this file
  # Or a PostgreSQL server:
  ${when(is('postgres'))}type: postgres
  ${when(is('postgres'))}url: \${DATABASE_URL}       # postgres://user@host:5432/database?sslmode=verify-full
  # readers: [bi]           # roles that may read the views and the dimension
  ${when(!is('bigquery'))}schema: scene
  # Or a BigQuery dataset, which takes the place of schema:
  ${when(is('bigquery'))}type: bigquery
  ${when(is('bigquery'))}projectId: \${GOOGLE_CLOUD_PROJECT}
  ${when(is('bigquery'))}dataset: scene
  # location: asia-east1    # where the dataset is made, else US; it cannot be moved
  # keyFile: bigquery.json  # else Application Default Credentials: gcloud, workload identity, the machine's account
  # impersonate: scenedim@my-project.iam.gserviceaccount.com
  # maximumBytesBilled: 1000000000
  # labels: { team: growth }
  # gzip: true              # compressed loads
  autoMigrate: true         # sync and replay create and upgrade the schema; false: only \`scenedim migrate\` does

dimension:
  firstSeen: beginning      # or observed: when older visits shall not join the first known name
  timeZone: ${yamlText(answers.timeZone).padEnd(15)} # date columns of the views are days in it

# catalog:                  # rows of your own that win over the bundled access sources and launch scenes
#   launchScenes: launch-scenes.csv      # launch_scene,launch_scene_name,access_source_key
#   accessSources: access-sources.csv    # access_source_key,access_source_name
#   communityMapping: true  # counts launch scenes under 59 and 62, which were only seen in use, where they most likely belong

guards:
  empty: hold               # an answer without any scene waits for \`scenedim accept\`; or accept
  minScenes: 4              # fewer scenes than this are too few to judge
  maxShrink: 0.5            # an answer that drops more than this share of the scenes waits too
`;
}

/** Quoted unless it is plainly a text to YAML. */
function yamlText(text: string): string {
  return /^[A-Za-z][\w/+-]*$/.test(text) && !/^(true|false|null)$/i.test(text) ? text : JSON.stringify(text);
}
