// The pages are written in Chinese; ?lang=en puts on what their data-en attributes say.
const english = new URLSearchParams(location.search).get('lang') === 'en'
const suffix = english ? '?lang=en' : ''

if (english) {
  document.documentElement.lang = 'en'
  for (const element of document.querySelectorAll('[data-en]')) element.textContent = element.dataset.en
  for (const element of document.querySelectorAll('[data-en-alt]')) element.alt = element.dataset.enAlt
  for (const element of document.querySelectorAll('[data-en-label]')) element.ariaLabel = element.dataset.enLabel
  // The widget's script is deferred, so that it has not read this yet.
  document.querySelector('[data-site]').dataset.lang = 'en'
}
for (const link of document.querySelectorAll('a[href$=".html"]')) link.href += suffix
document.querySelector('[data-language]').href = location.pathname + (english ? '' : '?lang=en')

// A button of the page that opens the chat; it works before and after the widget has come.
for (const button of document.querySelectorAll('[data-chat]')) {
  button.addEventListener('click', () => (window.Yingke = window.Yingke || []).push(['open']))
}
