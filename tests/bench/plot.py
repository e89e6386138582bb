"""Draws the benchmark's ratios as an SVG: one line an item, one mark a runner, a logarithmic axis."""
import math
from xml.sax.saxutils import escape

MARKS = {"qemu7": ("#c0504d", "qemu 7.2"), "qemu10": ("#e0a040", "qemu 10.0"), "myna": ("#2f6fb0", "myna"),
         "warm": ("#7fb7e6", "myna, second run")}
LEFT, RIGHT, LINE, TOP = 190, 40, 18, 60
WIDTH = 900


def draw(rows, classes, title="CPU time as a ratio to native (lower is better)"):
    """rows as of bench.rows_of(); returns the SVG's text. Items without a ratio are left out."""
    lines = []  # (text, row or None for a class heading)
    for klass in classes:
        chosen = [r for r in rows if r["class"] == klass and r["ratio"]]
        if chosen:
            lines.append((klass, None))
            lines += [(r["name"], r) for r in chosen]
    top = max([v for r in rows for v in r["ratio"].values()] + [10])
    low = min([v for r in rows for v in r["ratio"].values()] + [1])
    first, last = math.floor(math.log10(low) * 3) / 3, math.ceil(math.log10(top) * 3) / 3

    def x(v):
        return LEFT + (math.log10(v) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    height = TOP + LINE * len(lines) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
           f'font-size="11"><rect width="100%" height="100%" fill="white"/>',
           f'<text x="{LEFT}" y="18" font-size="13">{title}</text>']
    shown = [m for n, m in MARKS.items() if any(n in r["ratio"] for r in rows)]
    for i, (color, text) in enumerate(shown):
        out.append(f'<circle cx="{LEFT + 8 + i * 110}" cy="32" r="4.5" fill="{color}"/>'
                   f'<text x="{LEFT + 18 + i * 110}" y="36">{text}</text>')
    bottom = TOP + LINE * len(lines)
    for tick in (0.05, 0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200):
        if first <= math.log10(tick) <= last:
            out.append(f'<line x1="{x(tick):.1f}" y1="{TOP - 8}" x2="{x(tick):.1f}" y2="{bottom}" '
                       f'stroke="{"#888" if tick == 1 else "#ddd"}"/>'
                       f'<text x="{x(tick):.1f}" y="{bottom + 14}" text-anchor="middle">{tick:g}</text>')
    for i, (text, row) in enumerate(lines):
        y = TOP + LINE * i + LINE / 2
        weight = ' font-weight="bold"' if row is None else ""
        out.append(f'<text x="{LEFT - 10 if row else 8}" y="{y + 4:.1f}" text-anchor="{"end" if row else "start"}"{weight}>'
                   f'{escape(text)}</text>')
        if row is None:
            continue
        values = [x(v) for v in row["ratio"].values()]
        out.append(f'<line x1="{min(values):.1f}" y1="{y:.1f}" x2="{max(values):.1f}" y2="{y:.1f}" stroke="#bbb"/>')
        for name, (color, _) in MARKS.items():
            if name in row["ratio"]:
                out.append(f'<circle cx="{x(row["ratio"][name]):.1f}" cy="{y:.1f}" r="4.5" fill="{color}"/>')
    return "\n".join(out) + "\n</svg>\n"
