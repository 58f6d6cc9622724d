// Files of a request, sent in parts that go on after a cut. Without it the form sends one small file at a time.
(function () {
  'use strict';

  var PART = 256 * 1024;
  var KEPT_MS = 24 * 3600 * 1000; // as long as the server keeps an upload
  var form = document.querySelector('form[data-files]');
  if (!form || !window.fetch || !window.Promise || !window.AbortController) return;

  var path = form.getAttribute('action'), store = 'postern:files:' + path, texts = form.dataset;
  var input = form.elements.file, list = form.querySelector('.uploads'), say = form.querySelector('.say');
  var queue = [], busy = false;

  // ---- what is under way, for whoever comes back ----

  function load() {
    try { return JSON.parse(localStorage.getItem(store)) || {}; } catch (e) { return {}; }
  }

  function remember(key, value) {
    var all = load();
    if (value) all[key] = value; else delete all[key];
    try { localStorage.setItem(store, JSON.stringify(all)); } catch (e) { /* private window: it begins anew next time */ }
  }

  function key_of(file) {
    return [file.name, file.size, file.lastModified].join('|');
  }

  function tell_unfinished() {
    var all = load(), names = [];
    Object.keys(all).forEach(function (key) {
      if (Date.now() - all[key].at > KEPT_MS) remember(key);
      else names.push(all[key].name);
    });
    if (names.length) say.textContent = texts.again + ' ' + names.join(', ');
  }

  // ---- one row for each file ----

  function add(parent, tag, text) {
    var e = document.createElement(tag);
    if (text) e.textContent = text;
    parent.appendChild(e);
    return e;
  }

  function Row(file) {
    this.file = file;
    this.key = key_of(file);
    this.stop = new AbortController();
    this.li = add(list, 'li');
    this.name = add(this.li, 'bdi', file.name);
    this.bar = add(this.li, 'progress');
    this.bar.max = Math.max(file.size, 1);
    this.bar.value = 0;
    this.bar.setAttribute('aria-label', file.name);
    this.text = add(this.li, 'span');
    this.text.setAttribute('role', 'status');
    this.button = add(this.li, 'button', texts.cancel);
    this.button.type = 'button';
    this.button.className = 'plain';
    this.button.onclick = this.cancel.bind(this);
  }

  Row.prototype.progress = function (bytes) {
    this.bar.value = bytes;
    this.text.textContent = texts.progress.replace('{n}', Math.floor(100 * bytes / this.bar.max));
  };

  // The last word on it.
  Row.prototype.end = function (text, wrong) {
    remember(this.key);
    if (this.button.parentNode) this.li.removeChild(this.button);
    if (this.bar.parentNode) this.li.removeChild(this.bar);
    this.li.className = wrong ? 'wrong' : '';
    this.text.className = wrong ? 'error' : 'mute';
    this.text.textContent = text;
  };

  Row.prototype.cancel = function () {
    this.cancelled = true;
    this.stop.abort();
    if (this.id) fetch(path + '/' + this.id, { method: 'DELETE', headers: headers() }).catch(function () { /* it ends by itself */ });
    this.end(texts.cancelled);
    input.focus();
  };

  // ---- talking to the server ----

  function headers(type) {
    var h = { accept: 'application/json', 'accept-language': document.documentElement.lang };
    if (type) h['content-type'] = type;
    return h;
  }

  function pause(ms) {
    return new Promise(function (go) {
      var timer = setTimeout(on, ms);
      function on() {
        clearTimeout(timer);
        removeEventListener('online', on);
        go();
      }
      addEventListener('online', on);
    });
  }

  // The answer, as often as it takes: { status, body }. A cut, 429 and 5xx are tried again.
  Row.prototype.ask = function (method, url, body, type) {
    var row = this, tries = 0;

    function again(seconds) {
      if (row.cancelled) throw new Error('cancelled');
      row.text.textContent = texts.offline;
      tries++;
      return pause(1000 * Math.max(seconds || 0, Math.min(30, Math.pow(2, tries - 1)))).then(attempt);
    }

    function attempt() {
      if (row.cancelled) throw new Error('cancelled');
      return fetch(url, { method: method, body: body, headers: headers(type), signal: row.stop.signal }).then(function (r) {
        if (r.status === 429 || r.status >= 500) return again(+r.headers.get('retry-after'));
        return r.json().catch(function () { return {}; }).then(function (json) { return { status: r.status, body: json }; });
      }, function () { return again(0); });
    }
    return attempt();
  };

  function Refused(answer) {
    this.text = answer.body.title || String(answer.status);
  }

  // Announced, or found again: { file, parts }.
  Row.prototype.begin = function () {
    var row = this, known = load()[row.key];

    function announce() {
      var about = JSON.stringify({ name: row.file.name, size: row.file.size, type: row.file.type });
      return row.ask('POST', path, about, 'application/json').then(function (a) {
        if (a.status !== 201) throw new Refused(a);
        remember(row.key, { id: a.body.file, name: row.file.name, at: Date.now() });
        return a.body;
      });
    }

    if (!known) return announce();
    return row.ask('GET', path + '/' + known.id).then(function (a) {
      return a.status === 200 && a.body.state === 'coming' ? a.body : announce();
    });
  };

  Row.prototype.send = function (there) {
    var row = this, count = Math.max(1, Math.ceil(row.file.size / PART)), sent = 0;

    function size_of(n) {
      return Math.min(PART, row.file.size - n * PART);
    }

    there.forEach(function (n) { sent += size_of(n); });
    function next(n) {
      while (n < count && there.indexOf(n) >= 0) n++;
      row.progress(sent);
      if (n >= count) throw new Refused({ status: 410, body: {} });
      return row.ask('PUT', path + '/' + row.id + '/parts/' + n, row.file.slice(n * PART, n * PART + size_of(n)), 'application/octet-stream').then(function (a) {
        if (a.status >= 300) throw new Refused(a);
        sent += size_of(n);
        return a.body.state === 'coming' ? next(n + 1) : a;
      });
    }
    return next(0);
  };

  // Until the scanner has spoken, or it takes too long.
  Row.prototype.follow = function (tries) {
    var row = this;
    fetch(path.replace(/\/files$/, ''), { headers: headers() }).then(function (r) { return r.json(); }).then(function (seen) {
      var mine = (seen.files || []).filter(function (f) { return f.file === row.id; })[0];
      if (!mine || mine.state === 'checking') throw new Error('not yet');
      row.end(texts[mine.state], mine.state === 'refused');
      if (mine.state !== 'ready') return;
      var a = document.createElement('a');
      a.href = path + '/' + row.id;
      a.download = '';
      row.li.replaceChild(a, row.name);
      a.appendChild(row.name);
    }).catch(function () {
      if (tries > 0) setTimeout(function () { row.follow(tries - 1); }, 2000);
    });
  };

  Row.prototype.run = function () {
    var row = this;
    return row.begin().then(function (upload) {
      row.id = upload.file;
      return row.send(upload.parts || []);
    }).then(function () {
      row.end(texts.done);
      row.follow(30);
    }).catch(function (e) {
      if (!row.cancelled) row.end(e instanceof Refused ? e.text : texts.offline, true);
    });
  };

  // One after the other: on a slow line one whole file is worth more than three halves.
  function work() {
    if (busy || !queue.length) return;
    busy = true;
    queue.shift().run().then(function () {
      busy = false;
      work();
    });
  }

  function take() {
    Array.prototype.forEach.call(input.files, function (file) {
      var row = new Row(file);
      row.progress(0);
      queue.push(row);
    });
    say.textContent = '';
    input.value = '';
    work();
  }

  form.classList.add('picks');
  input.multiple = true;
  input.addEventListener('change', take);
  form.addEventListener('submit', function (e) { e.preventDefault(); });
  tell_unfinished();
})();
