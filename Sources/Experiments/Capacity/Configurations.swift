package import Documents

/// The configurations of a pipeline that are compared.
package enum Configurations {
    /// More than these take too long.
    package static let limit = 64

    /// The values that `text` lists: those of `a,b,c`, where a comma in brackets separates none.
    package static func values(_ text: String) -> [String] {
        var values: [String] = [""]
        var depth = 0
        for character in text {
            if "[{".contains(character) { depth += 1 }
            if "]}".contains(character) { depth -= 1 }
            if character == ",", depth <= 0 {
                values.append("")
            } else {
                values[values.count - 1].append(character)
            }
        }
        return values
    }

    /// The pipeline as it is, each of `alternatives` alone, and every combination of the values
    /// that each of `ranges` lists.
    package static func all(
        alternatives: [DocumentSetting],
        ranges: [DocumentSetting]
    ) -> [[DocumentSetting]] {
        var combinations: [[DocumentSetting]] = [[]]
        for range in ranges {
            combinations = combinations.flatMap { others in
                values(range.value).map { value in
                    others + [DocumentSetting(path: range.path, value: value)]
                }
            }
        }
        return [[]] + alternatives.map { [$0] } + (ranges.isEmpty ? [] : combinations)
    }
}
