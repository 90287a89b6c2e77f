// Alerts that fired, drawn into a graph: a tinted span between dashed lines.

export function markSpans(builder, spans, theme) {
  builder.addHook('draw', (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { from, to, color } of spans) {
      const left = plot.valToPos(from, 'x', true);
      const right = plot.valToPos(to, 'x', true);
      ctx.strokeStyle = ctx.fillStyle = theme.visualization.getColorByName(color);
      ctx.globalAlpha = 0.1;
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.globalAlpha = 0.8;
      ctx.setLineDash([4, 4]);
      for (const x of [left, right]) {
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
    }
    ctx.restore();
  });
  return null;
}
