// smtp_server.mjs - a real SMTP server whose moods a test can choose.
//
//   const server = await startSmtp({ port?, tls?, auth?, utf8?, hello? });
//   server.mood = { rcpt: 550 } | { rcpt: 451 } | { mail: 550 } | { data: 554 } | { data: 'hang' } | { data: 'drop' }
//                 | { greet: 'hang' } | { greet: 421 } | {};   a function of the session's recipient is a mood too
//   server.mails     what arrived: { from, to, options, raw, at, session, secure, user }
//   server.lines     every command line that came over the wire in the clear, wherever CR or LF ended it
//   await server.stop()
//
// Built on npm smtp-server, so that the protocol is somebody else's reading of it.
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import { SMTPServer } from 'smtp-server';

const reply = (code, text) => Object.assign(new Error(text), { responseCode: code });

export async function startSmtp({ port = 0, host = '127.0.0.1', tls, secure = false, auth, utf8 = true } = {}) {
  const state = new EventEmitter();
  state.setMaxListeners(0);
  Object.assign(state, { mood: {}, mails: [], lines: [], sessions: 0 });

  const moodFor = (recipient) => (typeof state.mood === 'function' ? state.mood(recipient) : state.mood);
  const judge = (what, recipient, callback) => {
    const mood = moodFor(recipient)[what];
    if (mood === 'hang') return;
    if (mood === 'drop') return drop();
    if (typeof mood === 'number') return callback(reply(mood, `${mood >= 500 ? '5.7.1' : '4.7.1'} not today`));
    callback();
  };
  const drop = () => state.server.connections.forEach((c) => c._socket.destroy());

  const server = new SMTPServer({
    secure,
    ...(tls ?? {}),
    disabledCommands: [...(tls ? [] : ['STARTTLS']), ...(auth ? [] : ['AUTH'])],
    authOptional: !auth,
    hideSMTPUTF8: !utf8,
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    onAuth({ username, password }, session, callback) {
      const good = auth && username === auth.user && password === auth.password;
      callback(good ? null : reply(535, '5.7.8 no'), good ? { user: username } : undefined);
    },
    onConnect(session, callback) {
      state.sessions++;
      judge('greet', '', callback);
    },
    onMailFrom: (address, session, callback) => judge('mail', '', callback),
    onRcptTo: (address, session, callback) => judge('rcpt', address.address, callback),
    onData(stream, session, callback) {
      const recipient = session.envelope.rcptTo[0].address;
      const mood = moodFor(recipient).data;
      const chunks = [];
      if (mood === 'drop') stream.once('data', drop);
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        if (mood === 'drop' || mood === 'hang') return;
        if (typeof mood === 'number') return callback(reply(mood, 'no'));
        const mail = {
          from: session.envelope.mailFrom.address,
          to: session.envelope.rcptTo.map((r) => r.address),
          options: session.envelope.mailFrom.args,
          raw: Buffer.concat(chunks),
          at: Date.now(),
          session: session.id,
          secure: session.secure,
          user: session.user,
        };
        state.mails.push(mail);
        callback(null, '2.0.0 taken');
        state.emit('mail', mail);
      });
    },
  });
  server.on('error', () => {});

  // What came over the wire is written down before the server reads it.
  const listening = server.server;
  listening.prependListener(secure ? 'secureConnection' : 'connection', (socket) => {
    let rest = '';
    let inData = false;
    socket.prependListener('data', (chunk) => {
      const parts = (rest + chunk.toString('latin1')).split(/\r\n|\r|\n/);
      rest = parts.pop();
      for (const line of parts) {
        if (!inData) state.lines.push(line);
        inData = inData ? line !== '.' : /^DATA$/i.test(line);
      }
    });
  });
  server.listen(port, host);
  await once(listening, 'listening');
  state.server = server;
  state.port = listening.address().port;
  state.until = async (n, ms = 10000) => {
    const end = Date.now() + ms;
    while (state.mails.length < n) {
      if (Date.now() > end) throw new Error(`${state.mails.length} of ${n} mails came`);
      await new Promise((done) => setTimeout(done, 10));
    }
  };
  state.stop = () =>
    new Promise((done) => {
      drop();
      server.close(done);
    });
  return state;
}

// A port on which nothing listens.
export async function closedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
