import { join } from 'node:path';
import { toolCache } from './installed-tool.ts';

/** For a `go` whose modules and builds stay in the cache of .ci/run. It finds modules where the tester's own Go does. */
export function goEnvironment(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'GOPROXY', 'GOSUMDB', 'GONOSUMDB', 'HTTPS_PROXY', 'SSL_CERT_FILE'];
  return {
    ...Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    GOMODCACHE: join(toolCache, 'go-mod'),
    GOCACHE: join(toolCache, 'go-build'),
    // Else only root could remove the cache again.
    GOFLAGS: '-modcacherw',
    GOTOOLCHAIN: 'local',
  };
}
