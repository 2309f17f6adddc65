// The editor parses what is out of view in pieces of 100 ms where the browser can tell it that somebody types, else in pieces that fit
// between two frames. The latter leaves the page free for everything: nobody is told of this browser's ability.

if ('scheduling' in navigator) Object.defineProperty(navigator, 'scheduling', { value: undefined, configurable: true });
