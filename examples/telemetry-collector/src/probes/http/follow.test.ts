import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../targets/secret.js';
import { HttpRig } from './rig.suite.js';

describe('an HTTP probe that is redirected', () => {
  let rig: HttpRig;
  beforeEach(async () => {
    rig = await HttpRig.start();
  });
  afterEach(() => rig.close());

  const redirecting = (hops: number, status = 302) => {
    rig.serve = (request, response) => {
      const hop = Number(request.url!.slice(1));
      if (hop < hops) response.writeHead(status, { location: `${hop + 1}` }).end('over there');
      else response.end('here');
    };
  };

  it.each([301, 302, 303, 307, 308])('follows a %d', async (status) => {
    redirecting(2, status);
    expect((await rig.run({ expectBody: 'here' }, '/0'))[0]!.fields).toMatchObject({ redirects: 2, body_bytes: 4 });
  });

  it('follows as many as allowed and no more', async () => {
    redirecting(5);
    expect((await rig.run({}, '/0'))[0]!.fields).toMatchObject({ redirects: 5 });
    redirecting(6);
    rig.requests.length = 0;
    await expect(rig.run({}, '/0')).rejects.toMatchObject({ code: 'redirect-loop' });
    expect(rig.requests).toHaveLength(6);
  });

  it('takes the redirect for the answer when it may follow none, or when it is expected', async () => {
    redirecting(1);
    await expect(rig.run({ maxRedirects: 0 }, '/0')).rejects.toMatchObject({ code: 'unexpected-status' });
    const expectStatus = [{ from: 302, to: 302 }];
    expect((await rig.run({ expectStatus }, '/0'))[0]!.fields).toMatchObject({ status: 302, redirects: 0 });
  });

  it('does not look for the text in the body of a redirect', async () => {
    redirecting(1);
    await expect(rig.run({ expectBody: 'over there' }, '/0')).rejects.toMatchObject({ code: 'unexpected-body' });
  });

  it.each(['ftp://example.test/', 'http://[', 'javascript:alert(1)'])('does not follow to %s', async (location) => {
    rig.serve = (_request, response) => response.writeHead(302, { location }).end();
    await expect(rig.run()).rejects.toMatchObject({ code: 'malformed' });
  });

  it('takes a redirect to nowhere for the answer', async () => {
    rig.serve = (_request, response) => response.writeHead(304).end();
    await expect(rig.run()).rejects.toMatchObject({ code: 'unexpected-status' });
  });

  it('keeps headers to the origin that they are for', async () => {
    const other = await HttpRig.start();
    try {
      rig.serve = (request, response) => {
        response.writeHead(302, { location: request.url === '/0' ? '/1' : other.url() }).end();
      };
      await rig.run({ headers: { authorization: new Secret('Bearer s3cret') } }, '/0');
      const sent = [...rig.requests, ...other.requests].map(({ headers }) => headers.authorization);
      expect(sent).toEqual(['Bearer s3cret', 'Bearer s3cret', undefined]);
    } finally {
      await other.close();
    }
  });
});
