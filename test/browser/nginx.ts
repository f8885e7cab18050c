/** nginx from the distribution's packages, before a collector: it ends TLS itself and shows it under a sub-path. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { makeCertificates } from '../../ansible/roles/collector/files/certificate.ts'
import { until } from '../support/until.ts'

const program = '/usr/sbin/nginx'

/** Why there is no nginx, or false. */
export const noNginx = existsSync(program)
  ? false
  : 'needs nginx: apt-get install --no-install-recommends nginx-light'

export type Nginx = {
  /** https://localhost:PORT/fleet/cibot, where the collector is shown. */
  url: string
  /** Paths that were asked for outside of it. */
  outside: () => string[]
  start: () => Promise<void>
  stop: () => Promise<void>
}

/** Makes an nginx in a folder before a collector's port; as its manual says, nothing tuned for us. */
export async function openNginx(folder: string, target: number): Promise<Nginx> {
  const port = await freePort()
  makeCertificates(folder, ['localhost'], Date.now())
  const outside = join(folder, 'outside.log')
  writeFileSync(join(folder, 'nginx.conf'), settings(folder, port, target))
  writeFileSync(outside, '')
  let running: ChildProcess | undefined
  return {
    url: `https://localhost:${port}/fleet/cibot`,
    outside: () =>
      readFileSync(outside, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    start: async () => {
      running = spawn(program, ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')])
      await until('nginx listens', () => listens(port))
    },
    stop: async () => {
      if (running === undefined || running.exitCode !== null) return
      const ended = new Promise((resolve) => running?.once('exit', resolve))
      running.kill('SIGTERM')
      await ended
    },
  }
}

const settings = (folder: string, port: number, target: number) => `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  scgi_temp_path ${folder}/scgi;
  uwsgi_temp_path ${folder}/uwsgi;
  log_format path '$request_uri';
  server {
    listen 127.0.0.1:${port} ssl;
    server_name localhost;
    ssl_certificate ${folder}/collector.crt;
    ssl_certificate_key ${folder}/collector.key;
    location /fleet/cibot/ {
      proxy_pass http://127.0.0.1:${target}/;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
    location / {
      access_log ${folder}/outside.log path;
      return 404;
    }
  }
}
`

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

async function listens(port: number): Promise<boolean> {
  // Any answer will do; what it says of itself no system here trusts.
  const error = await fetch(`https://localhost:${port}/`).then(
    () => undefined,
    (failed: Error) => failed,
  )
  return error === undefined || !String(error.cause).includes('ECONNREFUSED')
}
