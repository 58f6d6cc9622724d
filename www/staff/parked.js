// What was taken and could not be filed: it stands under the queues until somebody has looked.
import { get, post, whatIs } from '/api.js';
import { code, el, fill, say } from '/dom.js';
import { time } from '/words.js';

// The items of /api/parked, shown where there are any; may: retry them.
export function parkedBox(may) {
  const list = el('ul'), more = el('p', { class: 'mute' });
  const node = el('section', { class: 'box', hidden: true }, el('h2', {}, 'Could not be filed'),
    el('p', {}, 'Somebody wrote this, and it is on disk. It is tried again when the program starts.'), list, more);
  let shown = '';

  async function retry(item) {
    try {
      await post(`/api/parked/${item.id}/retry`);
      say('It is tried again.');
    } catch (error) {
      say(whatIs(error).status === 409 ? 'It is no longer parked.' : `Not tried again: ${error.message}`);
    }
  }

  const row = (item) => el('li', {}, item.channel ?? 'unknown channel', ', ', time(item.at), ': ', item.why, '. ',
    el('a', { href: `/api/items/${item.id}/raw`, download: true }, 'Original of ', code(item.id)), ' ',
    may && el('button', { onclick: () => retry(item) }, 'Try again'));

  return {
    node,
    async refresh() {
      const { items, next } = await get('/api/parked'), text = JSON.stringify(items);
      if (text === shown) return; // whoever is on a button stays there
      shown = text;
      node.hidden = items.length === 0;
      fill(list, items.map(row));
      fill(more, next !== null ? 'And more, which show when these are done.' : []);
    },
  };
}
