// Comfort for the pages of a customer. Everything works without it: it keeps a draft, sends
// again after a cut with the same key, counts down, copies and shows local times.
(function () {
  'use strict';

  var DRAFT_MS = 24 * 3600 * 1000; // a shared computer forgets what was typed after a day

  function each(css, fn) {
    Array.prototype.forEach.call(document.querySelectorAll(css), fn);
  }

  function load(name) {
    try { return JSON.parse(localStorage.getItem(name)) || {}; } catch (e) { return {}; }
  }

  function save(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch (e) { /* private window or full: no draft */ }
  }

  function fill(text, n) {
    return text.replace('{n}', n);
  }

  function fresh_key() {
    return Array.prototype.map.call(crypto.getRandomValues(new Uint8Array(16)), function (b) {
      return (b + 256).toString(16).slice(1);
    }).join('');
  }

  // Tells one body from another without keeping its words: FNV-1a, twice.
  function print_of(s) {
    var a = 0x811c9dc5, b = 0x1000193;
    for (var i = 0; i < s.length; i++) {
      a = Math.imul(a ^ s.charCodeAt(i), 0x1000193);
      b = Math.imul(b ^ s.charCodeAt(i), 0x85ebca6b) + i | 0;
    }
    return s.length + '.' + (a >>> 0) + '.' + (b >>> 0);
  }

  function typed_fields(form) {
    return Array.prototype.filter.call(form.elements, function (f) {
      return f.name && f.type !== 'hidden' && f.type !== 'submit';
    });
  }

  // ---- draft ----

  function draft(form, name) {
    var timer, kept = document.querySelector('.kept'), fields = typed_fields(form);
    var from_server = fields.some(function (f) { return f.type !== 'radio' && f.value; });
    var state = load(name), values = state.values;

    function keep() {
      var now = {}, s = load(name);
      fields.forEach(function (f) {
        if (f.type !== 'radio' ? f.value : f.checked) now[f.name] = f.value;
      });
      s.values = now;
      s.at = Date.now();
      save(name, s);
    }

    if (values && !from_server) {
      var shown = false;
      fields.forEach(function (f) {
        if (!(f.name in values)) return;
        if (f.type === 'radio') f.checked = f.value === values[f.name];
        else { f.value = values[f.name]; shown = true; }
        if (f.type !== 'radio' && f.closest('details')) f.closest('details').open = true;
      });
      if (kept && shown) {
        kept.hidden = false;
        kept.querySelector('button').onclick = function () {
          save(name, {});
          form.reset();
          kept.hidden = true;
        };
      }
    }
    form.addEventListener('input', function () {
      clearTimeout(timer);
      timer = setTimeout(keep, 300);
    });
    addEventListener('pagehide', function () { if (timer) keep(); });
    return function forget() {
      clearTimeout(timer);
      timer = 0;
      var s = load(name);
      save(name, { key: s.key, print: s.print }); // Back and send again: the same key, the same request
    };
  }

  // ---- sending ----

  function sender(form) {
    var name = 'postern:' + form.getAttribute('action');
    var forget = draft(form, name), say = form.querySelector('.say'), button = form.querySelector('button:not([type])');
    var key = form.elements.key, tries = 0, timer, busy = false;

    function body() {
      key.disabled = true;
      // line ends as a browser sends them: the same bytes on either way
      var b = new URLSearchParams(new FormData(form)).toString().replace(/(%0D)?%0A/g, '%0D%0A');
      var s = load(name), print = print_of(b);
      if (s.print !== print || !s.key) {
        s.key = fresh_key();
        s.print = print;
        save(name, s);
      }
      key.value = s.key;
      key.disabled = false;
      return b;
    }

    function tell(text) {
      say.textContent = text;
      say.scrollIntoView({ block: 'nearest' });
    }

    function later(seconds, text) {
      busy = false;
      tries++;
      var left = Math.ceil(Math.max(seconds || 0, Math.min(60, Math.pow(2, tries)) * (0.75 + Math.random() / 2)));
      tell(fill(text, left));
      timer = setTimeout(attempt, left * 1000);
    }

    function answered(r) {
      if (r.redirected) {
        forget();
        location.assign(r.url);
      } else if (r.status === 409 || r.status === 429 || r.status >= 500) {
        later(+r.headers.get('retry-after'), form.dataset.later);
      } else {
        form.submit(); // an answer to read: let the browser show it, with what was typed
      }
    }

    function attempt() {
      clearTimeout(timer);
      if (busy) return;
      busy = true;
      tell(form.dataset.sending);
      fetch(form.action, {
        method: 'POST',
        body: body(),
        headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded', 'idempotency-key': key.value }
      }).then(answered, function () { later(0, form.dataset.offline); });
    }

    if (!window.fetch || !window.URLSearchParams || !key || !say || !button) return;
    form.addEventListener('submit', function (e) {
      e.preventDefault();
      attempt();
    });
    addEventListener('online', function () { if (tries) attempt(); });
    addEventListener('pageshow', function (e) {
      if (!e.persisted) return;
      busy = false;
      tries = 0;
      say.textContent = '';
    });
  }

  // ---- small things ----

  function count_down(button) {
    var text = button.textContent, until = Date.now() + button.dataset.wait * 1000;

    (function tick() {
      var left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? fill(button.dataset.text, left) : text;
      if (left > 0) setTimeout(tick, 1000);
    })();
  }

  function copier(button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.onclick = function () {
      navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(function () {
        button.textContent = button.dataset.done;
      });
    };
  }

  function local_time(t) {
    var utc = t.textContent;
    try {
      t.textContent = new Intl.DateTimeFormat(document.documentElement.lang, {
        year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short'
      }).format(new Date(t.dateTime));
      t.title = utc;
    } catch (e) { t.textContent = utc; }
  }

  // Drafts of other pages grow old, too.
  function sweep() {
    try {
      Object.keys(localStorage).forEach(function (name) {
        var s = load(name);
        if (name.indexOf('postern:') === 0 && Date.now() - s.at > DRAFT_MS) save(name, { key: s.key, print: s.print });
      });
    } catch (e) { /* no storage */ }
  }

  sweep();
  each('form[data-send]', sender);
  each('button[data-wait]', count_down);
  each('button[data-copy]', copier);
  each('time', local_time);
})();
