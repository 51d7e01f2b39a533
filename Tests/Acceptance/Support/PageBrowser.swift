import Foundation

/// A page as Chromium lays it out, in a window of some width, and what is wrong with that.
struct PageBrowser {
    /// A browser that could not be asked.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static let places = ["/usr/bin/chromium", "/usr/bin/chromium-browser"]

    /// Where Chromium is; nil where it is not installed.
    static var program: String? {
        places.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    let folder: TestFolder

    /// What is wrong with the page `html` in a window so many pixels wide, a line each.
    func findings(in html: String, width: Int, isDark: Bool) async throws -> [String] {
        guard let program = Self.program else { throw Failure(description: "no Chromium") }
        // The page allows no script, which is right, and has to be told otherwise for the look.
        let open = html.replacing(
            "default-src 'none'; ",
            with: "default-src 'none'; script-src 'unsafe-inline'; "
        ).replacing("</main>", with: "</main><script>\(Self.script)</script>")
        // In a frame, since a window of Chromium is 500 pixels wide at least.
        let framed = """
            <!DOCTYPE html><html><head><meta name="color-scheme" content="light dark"></head>
            <body><iframe style="width: \(width)px; height: 2000px; border: 0"
            onload="document.body.append(this.contentDocument.getElementById('findings'))"
            srcdoc="\(open.replacing("&", with: "&amp;").replacing("\"", with: "&quot;"))">
            </iframe></body></html>
            """
        let name = "page-\(width)-\(isDark ? "dark" : "light").html"
        let path = try folder.write(name, framed)
        let ending = try await Program.run(
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--user-data-dir=\(folder.path)/browser", "--window-size=1400,2000",
                "--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)", "--dump-dom",
                "file://\(path)",
            ],
            through: program,
            in: folder
        )
        let parts = ending.output.components(separatedBy: "<pre id=\"findings\">")
        guard ending.exitCode == 0, parts.count == 2,
            let report = parts[1].components(separatedBy: "</pre>").first
        else { throw Failure(description: "Chromium said nothing: \(ending.errors.prefix(500))") }
        let lines = report.split(separator: "\n").map(String.init)
        guard lines.first == "width \(width), \(isDark ? "dark" : "light")" else {
            throw Failure(description: "asked for \(name), and got \(lines.first ?? "nothing")")
        }
        return Array(lines.dropFirst())
    }

    /// Looks for what runs out of the window or of its frame, for words that are broken inside a
    /// cell, for cells of more than three lines, and for text that hardly stands out from its
    /// ground.
    private static let script = #"""
        const findings = [];
        const note = (kind, text) => findings.push(kind + ": " + text.trim().slice(0, 80));
        const wide = window.innerWidth + 1;
        if (document.documentElement.scrollWidth > wide) {
          note("overflow", "the page is " + document.documentElement.scrollWidth + " wide");
        }
        for (const element of document.querySelectorAll("main *")) {
          if (element.closest(".frame, .track, svg, script")) continue;
          if (element.getBoundingClientRect().right > wide) note("overflow", element.textContent);
        }
        // On a desk every column is in sight.
        for (const frame of document.querySelectorAll(".frame")) {
          const hidden = frame.scrollWidth - frame.clientWidth;
          if (window.innerWidth > 1000 && hidden > 1) {
            note("hidden column", hidden + " px of " + frame.getAttribute("aria-label"));
          }
        }
        const lines = (node, start, end) => {
          const range = document.createRange();
          range.setStart(node, start);
          range.setEnd(node, end);
          const tops = new Set();
          for (const box of range.getClientRects()) {
            if (box.width > 0) tops.add(Math.round(box.top));
          }
          return tops.size;
        };
        const texts = (element) => [...element.childNodes].filter(
          (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "");
        for (const cell of document.querySelectorAll("td, th")) {
          for (const node of texts(cell)) {
            if (lines(node, 0, node.length) > 3) note("long cell", cell.textContent);
            // A line may end behind a hyphen, but not within a number or an instant.
            for (const word of node.textContent.matchAll(/(?:[^\s\-\/]|(?<=\d)-(?=\d))+/g)) {
              if (lines(node, word.index, word.index + word[0].length) > 1) {
                note("broken word", word[0]);
              }
            }
          }
        }
        const channels = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
        const luminance = (colour) => channels(colour).slice(0, 3).map((value) => {
          const share = value / 255;
          return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        }).reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
        const ground = (element) => {
          for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if ((channels(colour)[3] ?? 1) > 0.99) return colour;
          }
          return "rgb(255, 255, 255)";
        };
        for (const element of document.querySelectorAll("body *")) {
          if (element.closest("script, svg") || texts(element).length === 0) continue;
          const [one, other] = [
            luminance(getComputedStyle(element).color), luminance(ground(element))];
          const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
          if (contrast < 4.5) note("contrast " + contrast.toFixed(2), element.textContent);
        }
        const report = document.createElement("pre");
        report.id = "findings";
        const scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        report.textContent = ["width " + window.innerWidth + ", " + scheme, ...findings].join("\n");
        document.body.append(report);
        """#
}
