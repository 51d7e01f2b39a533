/// The style sheet of the HTML report.
///
/// Line colours have contrast on light and dark ground and can be distinguished by readers
/// who cannot distinguish red from green; line widths and dashes repeat the distinction.
enum ReportStyle {
    static let css = """
        :root {
          color-scheme: light dark;
          --ground: #f6f6f3; --surface: #fdfdfc; --line: #e2e1db; --axis: #b5b3aa;
          --ink: #16160f; --soft: #5c5b54; --faint: #6d6c64;
          --good: #0b6b2e; --good-ground: #e2f3e6; --bad: #b3191f; --bad-ground: #fde7e6;
          --warning: #8a5200; --warning-ground: #fdf0d6;
          --s0: #2a78d6; --s1: #d2571b; --s2: #128a64; --s3: #8a4fc4; --s4: #b98300; --s5: #c9417f;
          --d0: #7fb0ea; --d1: #2a78d6; --d2: #123d78;
          --area: #e7e6df; --area-line: #8b897e; --shade: #fdebd0;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #121210; --surface: #1b1b18; --line: #33322d; --axis: #5b5a52;
            --ink: #f1f0e9; --soft: #b9b7ab; --faint: #a19f94;
            --good: #6fd58e; --good-ground: #12301c; --bad: #ff8a84; --bad-ground: #431917;
            --warning: #f0b95a; --warning-ground: #3a2a0c;
            --s0: #5598ee; --s1: #ee7a3f; --s2: #2fb38a;
            --s3: #b18aec; --s4: #dba520; --s5: #ea6fa6;
            --d0: #3f74b8; --d1: #5598ee; --d2: #c0dafb;
            --area: #2b2a26; --area-line: #918f84; --shade: #3a2c14;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--ground); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
          font-variant-numeric: tabular-nums;
        }
        main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 56px; }
        .kind { margin: 0; color: var(--faint); font-size: 13px; }
        h1 { margin: 0; font-size: 32px; line-height: 1.2; letter-spacing: -0.015em;
          overflow-wrap: anywhere; }
        h2 { margin: 32px 0 14px; font-size: 20px; letter-spacing: -0.01em; }
        h3 { margin: 24px 0 6px; font-size: 14px; font-weight: 600; }
        .lead { margin: 8px 0 0; max-width: 46em; color: var(--soft); font-size: 17px; }
        .verdict { margin: 16px 0 0; padding: 11px 16px; border-radius: 8px; font-weight: 600;
          border-left: 4px solid var(--axis); background: var(--surface);
          overflow-wrap: anywhere; }
        .verdict::first-letter { text-transform: uppercase; }
        .verdict.good { border-color: var(--good); background: var(--good-ground); }
        .verdict.warning { border-color: var(--warning); background: var(--warning-ground); }
        .verdict.bad { border-color: var(--bad); background: var(--bad-ground); }
        .good { color: var(--good); }
        .warning { color: var(--warning); }
        .bad { color: var(--bad); font-weight: 700; }
        .absent { color: var(--faint); }
        .cards { display: grid; gap: 12px; margin: 20px 0 0;
          grid-template-columns: repeat(auto-fill, minmax(min(100%, 215px), 1fr)); }
        .card { padding: 13px 16px; border: 1px solid var(--line); border-radius: 8px;
          background: var(--surface); min-width: 0; }
        .card dt { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
        .card dt::first-letter { text-transform: uppercase; }
        .card dd { margin: 2px 0 0; font-size: 20px; font-weight: 600; line-height: 1.25;
          letter-spacing: -0.01em; overflow-wrap: anywhere; }
        .card small { display: block; margin-top: 3px; color: var(--faint); font-size: 12.5px;
          font-weight: 400; letter-spacing: 0; }
        .plots { display: grid; gap: 16px;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); }
        figure { margin: 0; padding: 14px 16px 10px; border: 1px solid var(--line);
          border-radius: 8px; background: var(--surface); min-width: 0;
          display: flex; flex-direction: column; }
        figcaption { line-height: 1.35; }
        figcaption span { color: var(--soft); font-size: 13px; }
        .panel + .panel { margin-top: 22px; }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 6px 0 8px; padding: 0;
          list-style: none; font-size: 13px; }
        .legend span { color: var(--faint); }
        .key { width: 22px; height: 10px; margin-right: 6px; }
        .axes { display: grid; grid-template-columns: 58px minmax(0, 1fr); font-size: 12px;
          line-height: 1.2; color: var(--faint); margin-top: auto; padding: 6px 0; }
        .stack .axes { margin-top: 0; padding-bottom: 0; }
        .ys { position: relative; }
        .ys span { position: absolute; right: 8px; transform: translateY(-50%);
          white-space: nowrap; }
        .area { position: relative; height: 190px; }
        .stack .area { height: 128px; }
        .area svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
        .area span { position: absolute; white-space: nowrap; padding: 0 4px;
          background: var(--surface); max-width: 100%; overflow: hidden; text-overflow: ellipsis; }
        .area span.limit { color: var(--bad); transform: translateY(calc(-100% - 3px)); }
        .area span.limit.under { transform: translateY(3px); }
        .area span.mark { top: 0; margin-left: 3px; }
        .area span.mark.left { transform: translateX(calc(-100% - 6px)); }
        .xs { grid-column: 2; position: relative; height: 22px; }
        .xs.tall { height: 38px; }
        .xs span { position: absolute; top: 5px; transform: translateX(-50%); text-align: center;
          white-space: nowrap; }
        .xs span.start { transform: none; text-align: left; }
        .xs span.end { transform: translateX(-100%); text-align: right; }
        .xs small { display: block; margin-top: 2px; font-size: 12px; }
        .lane { grid-column: 2; margin-top: 8px; min-width: 0; }
        .lane > span { display: block; color: var(--soft); }
        .track { position: relative; height: 10px; margin-top: 3px; border-radius: 3px;
          background: var(--line); overflow: hidden; }
        .track i { position: absolute; top: 0; bottom: 0; min-width: 3px;
          background: var(--axis); }
        .track .good { background: var(--good); }
        .track .warning { background: var(--warning); }
        .track .bad { background: var(--bad); }
        svg path { fill: none; stroke: none; stroke-width: 1.8; stroke-linejoin: round;
          stroke-linecap: round; vector-effect: non-scaling-stroke; }
        .area .grid { stroke: var(--line); stroke-width: 1; }
        .area .axis { stroke: var(--axis); stroke-width: 1; }
        .area path.mark { stroke: var(--axis); stroke-width: 1; stroke-dasharray: 4 3; }
        .area path.limit { stroke: var(--bad); stroke-width: 1.2; stroke-dasharray: 6 4; }
        .area .span { fill: var(--shade); }
        \(inks)
        svg .s0 { stroke-width: 3.2; }
        svg .d1 { stroke-width: 2.2; }
        svg .d2 { stroke-width: 1; }
        svg .dashed { stroke-dasharray: 5 3; }
        .area .fill { fill: var(--area); }
        .area .band { stroke: none; fill-opacity: 0.22; }
        svg .ground { stroke: var(--area-line); }
        section { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 0 18px; }
        section > * { flex: 1 1 100%; min-width: 0; }
        section > .frame { flex: 0 1 auto; }
        .frame .more { margin: 0; padding: 7px 14px; border-top: 1px solid var(--line); }
        .frame { margin: 0 0 18px; overflow-x: auto; border: 1px solid var(--line);
          border-radius: 8px; background: var(--surface); width: fit-content; max-width: 100%; }
        .frame:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
        table { border-collapse: collapse; font-size: 14px; }
        caption { padding: 11px 14px 7px; text-align: left; font-weight: 600; white-space: nowrap; }
        th, td { padding: 6px 14px; border-top: 1px solid var(--line); white-space: nowrap;
          text-align: left; }
        thead th { color: var(--soft); font-size: 12.5px; font-weight: 500; }
        tbody th { font-weight: 500; }
        .long { white-space: normal; }
        td .bar { display: block; height: 5px; margin: 0 0 2px auto; border-radius: 2px;
          background: var(--s0); min-width: 1px; }
        .number { text-align: right; }
        tbody tr:hover { background: var(--ground); }
        .facts { display: grid; gap: 0 36px; margin: 0 0 18px;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); }
        .facts div { display: flex; gap: 16px; padding: 6px 0;
          border-bottom: 1px solid var(--line); }
        .facts dt { flex: 0 0 9.5em; color: var(--soft); }
        .facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
        .facts small { color: var(--faint); font-weight: 400; }
        details > summary { cursor: pointer; margin: 0 0 12px; }
        details[open] > summary { margin-bottom: 14px; }
        section > .note { max-width: 62em; }
        figure + .note { margin-top: 10px; font-size: 13px; }
        .note { margin: 0 0 10px; }
        .note::first-letter, summary span::first-letter { text-transform: uppercase; }
        h3::first-letter { text-transform: uppercase; }
        .records li { overflow-wrap: anywhere; }
        .note.plain { color: var(--soft); }
        .more { margin: 0 0 18px; color: var(--faint); font-size: 13px; }
        .records { margin: 0 0 18px; padding-left: 20px; }
        @media (max-width: 560px) {
          main { padding: 24px 14px 40px; }
          h1 { font-size: 26px; }
          th, td { padding: 6px 9px; }
          figure { padding: 12px 10px 8px; }
          .axes { grid-template-columns: 48px minmax(0, 1fr); }
          .xs span:nth-child(even) { display: none; }
          .facts div { gap: 10px; }
          .facts dt { flex-basis: 7em; }
          .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
        }
        footer { margin-top: 48px; padding-top: 14px; border-top: 1px solid var(--line);
          color: var(--faint); font-size: 13px; }
        @media print {
          body { background: none; }
          main { max-width: none; padding: 0; }
          figure, .card, tr { break-inside: avoid; }
          .frame { overflow: visible; }
        }
        """

    /// Each colour for lines and for bands.
    private static let inks: String = {
        let names = (0..<6).map { "s\($0)" } + (0..<3).map { "d\($0)" }
        return names.map { name in
            "svg .\(name) { stroke: var(--\(name)); } .area .band.\(name) "
                + "{ stroke: none; fill: var(--\(name)); }"
        }.joined(separator: "\n")
    }()
}
