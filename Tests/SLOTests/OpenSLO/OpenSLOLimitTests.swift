import SLO
import Testing

/// Lengths that OpenSLO limits.
@Suite struct OpenSLOLimitTests {
    private func service(name: String, displayName: String, description: String) -> String {
        """
        apiVersion: openslo/v1
        kind: Service
        metadata: {name: \(name), displayName: \(displayName)}
        spec: {description: \(description)}
        """
    }

    private func letters(_ count: Int) -> String { String(repeating: "x", count: count) }

    @Test func `texts of the greatest length are read`() {
        let text = service(
            name: letters(63),
            displayName: letters(63),
            description: letters(1050)
        )
        #expect(complaints(about: text) == [])
    }

    @Test func `texts of one more character are mistakes`() {
        let text = service(
            name: letters(64),
            displayName: letters(64),
            description: letters(1051)
        )
        #expect(
            complaints(about: text) == [
                "3:18: 'name' is '\(letters(40))…'; expected a name of lower-case letters, "
                    + "digits and '-' that begins and ends with a letter or digit, at most 63 "
                    + "characters long",
                "3:97: 'displayName' has 64 characters; expected at most 63",
                "4:21: 'description' has 1051 characters; expected at most 1050",
            ]
        )
    }
}
