import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requireProgram } from './programs.js';

/** A server's key and certificate, and the root that signed it. */
export interface Certificates {
  /** The root in PEM: what a client is told to trust. */
  readonly ca: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const run = promisify(execFile);
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

/** Makes a root of its own in `dir`, and a certificate for `names`: `DNS:localhost`, `IP:127.0.0.1` (both by default). */
export async function makeCertificates(
  dir: string,
  names: readonly string[] = ['DNS:localhost', 'IP:127.0.0.1'],
): Promise<Certificates> {
  const openssl = await requireProgram({ program: 'openssl', debianPackage: 'openssl' });
  const [caFile, caKey, certFile, keyFile] = ['ca.pem', 'ca.key', 'server.pem', 'server.key'].map((file) =>
    join(dir, file),
  ) as [string, string, string, string];
  const request = (...args: string[]) => run(openssl, ['req', '-x509', ...KEY, ...args]);
  await request('-keyout', caKey, '-out', caFile, '-subj', '/CN=testbed root');
  const leaf = ['-addext', `subjectAltName=${names.join(',')}`, '-addext', 'basicConstraints=critical,CA:FALSE'];
  await request('-keyout', keyFile, '-out', certFile, '-subj', '/CN=testbed', '-CA', caFile, '-CAkey', caKey, ...leaf);
  return { ca: await readFile(caFile, 'utf8'), caFile, certFile, keyFile };
}
