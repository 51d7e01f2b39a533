internal import Timekeeping

/// The text of a document with private characters in some places; see ``DocumentLoader``.
struct DocumentText {
    private var scalars: [Unicode.Scalar]
    /// Where each line begins in ``scalars``.
    private let lineStarts: [Int]
    private let aliasMark: Unicode.Scalar
    private var freeMarks: ArraySlice<Unicode.Scalar>
    private var disguised: [Unicode.Scalar: Unicode.Scalar] = [:]

    /// Nil where the text leaves no private character to use.
    init?(_ text: String) {
        var scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{FEFF}" {
            scalars.removeFirst()
        }
        var used = [Bool](repeating: false, count: 256)
        for scalar in scalars where (0xE000..<0xE100).contains(scalar.value) {
            used[Int(scalar.value - 0xE000)] = true
        }
        let free = used.indices.filter { !used[$0] }.compactMap {
            Unicode.Scalar(UInt32(0xE000 + $0))
        }
        guard let first = free.first else { return nil }
        aliasMark = first
        freeMarks = free.dropFirst()
        lineStarts = Self.lineStarts(in: scalars)
        for index in scalars.indices.dropLast() where scalars[index] == "*" {
            if Self.isNameCharacter(scalars[index + 1]) {
                scalars[index] = first
            }
        }
        self.scalars = scalars
    }

    var string: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// Makes the key at `place` unlike every other one; false if no plain or quoted key
    /// is there.
    mutating func disguiseKey(at place: DocumentPlace) -> Bool {
        guard var index = index(of: place), let mark = freeMarks.popFirst() else { return false }
        if scalars[index] == "\"" || scalars[index] == "'" {
            index += 1
        }
        guard index < scalars.count, Self.isNameCharacter(scalars[index]) else { return false }
        disguised[mark] = scalars[index]
        scalars[index] = mark
        return true
    }

    /// `text` of this document as the user wrote it.
    func restored(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0 == aliasMark || disguised[$0] != nil })
        else { return text }
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            view.append(scalar == aliasMark ? "*" : disguised[scalar] ?? scalar)
        }
        return String(view)
    }

    /// The name of the alias that a plain scalar stands for, or nil if it is not one.
    func aliasName(_ text: String) -> String? {
        guard text.unicodeScalars.first == aliasMark else { return nil }
        return restored(String(text.unicodeScalars.dropFirst()))
    }

    /// Where the first character of `text` stands, if `text` stands as it is from `place` on,
    /// or behind one quote.
    func placeOfText(_ text: String, from place: DocumentPlace) -> DocumentPlace? {
        guard var index = index(of: place) else { return nil }
        var place = place
        if scalars[index] == "\"" || scalars[index] == "'" {
            index += 1
            place.column += 1
        }
        for scalar in text.unicodeScalars {
            guard index < scalars.count else { return nil }
            let there = scalars[index]
            guard scalar == (there == aliasMark ? "*" : there) else { return nil }
            index += 1
        }
        return place
    }

    /// The place itself, or the last line's end where it lies after that.
    func clamped(_ place: DocumentPlace) -> DocumentPlace {
        var last = lineStarts.count
        if last > 1, lineStarts[last - 1] == scalars.count {
            last -= 1
        }
        guard place.line > last else { return place }
        let end = last < lineStarts.count ? lineStarts[last] - 1 : scalars.count
        return DocumentPlace(line: last, column: max(1, end - lineStarts[last - 1] + 1))
    }

    private func index(of place: DocumentPlace) -> Int? {
        guard place.line >= 1, place.line <= lineStarts.count else { return nil }
        let index = lineStarts[place.line - 1] + place.column - 1
        return index < scalars.count ? index : nil
    }

    private static func isNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII
            && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || scalar == "_" || scalar == "-")
    }

    /// Counts lines as YAML 1.1 does.
    private static func lineStarts(in scalars: [Unicode.Scalar]) -> [Int] {
        var starts = [0]
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\r" where index + 1 < scalars.count && scalars[index + 1] == "\n": continue
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": starts.append(index + 1)
            default: continue
            }
        }
        return starts
    }

    /// The first character that YAML does not allow, such as a control character.
    static func firstForbidden(in text: String) -> (code: String, place: DocumentPlace)? {
        var place = DocumentPlace.start
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A where previous == "\r": break
            case 0x0A, 0x0D, 0x85, 0x2028, 0x2029:
                place = DocumentPlace(line: place.line + 1, column: 0)
            case 0x09, 0x20...0x7E, 0xA0...0xFFFD, 0x1_0000...: break
            default:
                return ("U+\(scalar.value.text(width: 4, radix: 16, uppercase: true))", place)
            }
            place.column += 1
            if scalar == "\n" && previous == "\r" {
                place.column = 1
            }
            previous = scalar
        }
        return nil
    }
}
