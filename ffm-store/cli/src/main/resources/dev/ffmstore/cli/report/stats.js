'use strict';
(() => {
  const body = document.querySelector('#tensors tbody');
  const rows = [...body.rows];
  const headings = [...document.querySelectorAll('#tensors thead th')];
  const filter = document.getElementById('filter');
  const shown = document.getElementById('shown');
  const tip = document.getElementById('tip');

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return 'v' in cell.dataset ? Number(cell.dataset.v) : cell.textContent;
  };
  // What is not a number stands last, whichever way the rest is sorted.
  const compare = (a, b, sign) => {
    if (typeof a === 'string') {
      return sign * a.localeCompare(b, 'en', { numeric: true });
    }
    if (Number.isNaN(a) || Number.isNaN(b)) {
      return Number.isNaN(a) - Number.isNaN(b);
    }
    return a === b ? 0 : sign * (a < b ? -1 : 1);
  };

  headings.forEach((heading, column) => {
    heading.querySelector('button')?.addEventListener('click', () => {
      const descending = heading.getAttribute('aria-sort') === 'ascending';
      headings.forEach(other => other.removeAttribute('aria-sort'));
      heading.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      const sign = descending ? -1 : 1;
      rows.sort((a, b) => compare(valueOf(a, column), valueOf(b, column), sign));
      body.append(...rows);
    });
  });

  const applyFilter = () => {
    const wanted = filter.value.toLowerCase();
    let count = 0;
    for (const row of rows) {
      const text = (row.cells[0].textContent + ' ' + row.cells[1].textContent).toLowerCase();
      row.hidden = !text.includes(wanted);
      count += row.hidden ? 0 : 1;
    }
    shown.textContent = count + ' of ' + rows.length + ' tensors';
  };
  filter.addEventListener('input', applyFilter);
  applyFilter();

  const showBin = event => {
    const spark = event.target.closest?.('.spark');
    tip.hidden = !spark;
    if (!spark) {
      return;
    }
    const counts = spark.dataset.counts.split(' ').map(Number);
    const place = spark.getBoundingClientRect();
    const share = (event.clientX - place.left) / place.width;
    const bin = Math.max(0, Math.min(counts.length - 1, Math.floor(share * counts.length)));
    const min = Number(spark.dataset.min);
    const max = Number(spark.dataset.max);
    const bound = i => (min * (1 - i / counts.length) + max * (i / counts.length)).toPrecision(4);
    tip.textContent = bound(bin) + ' to ' + bound(bin + 1) + ': ' + counts[bin].toLocaleString('en');
    tip.style.left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8) + 'px';
    tip.style.top = event.clientY + 16 + 'px';
  };
  document.addEventListener('mousemove', showBin);
})();
