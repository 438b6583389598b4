import { expect, test } from 'vitest';
import { html, jsonMarkup } from '../../../../src/report/html/markup.ts';

test('a value of a template is text, whatever it holds', () => {
  const name = `</td><script>"'&amp;\r\0\ud800`;
  expect(html`<td title="${name}">${name}</td>`.text).toBe(
    `<td title="&lt;/td&gt;&lt;script&gt;&quot;&#39;&amp;amp;&#13;\ufffd\ufffd">&lt;/td&gt;&lt;script&gt;&quot;&#39;&amp;amp;&#13;\ufffd\ufffd</td>`,
  );
});

test('templates and lists of them go in as they are, null as nothing', () => {
  expect(html`<ul>${[html`<li>${1}</li>`, null, ['<', html`<b>`]]}</ul>`.text).toBe('<ul><li>1</li>&lt;<b></ul>');
});

test('no text ends the script element that its JSON is in, and the JSON says the same', () => {
  const value = ['</script><!--<script>', '&lt;\u2028\u2029', '\ud800'];
  const { text } = jsonMarkup(value);
  expect(text).not.toMatch(/[<>&\u2028\u2029\ud800]/);
  expect(JSON.parse(text)).toEqual(value);
});
