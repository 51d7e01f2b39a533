/// Keeps the top level to what a newcomer can take in at once.
enum LayoutRule {
    static let allowed = [
        "LICENSE", "Package.swift", "README.md", "Sources", "Tests", "infra", "pipelines", "slo",
    ]

    static func check(_ names: [String]) -> [Finding] {
        names.filter { !$0.hasPrefix(".") && !allowed.contains($0) }.map { name in
            Finding(name, "does not belong at the top level; put it below \(allowed.suffix(5))")
        }
    }
}
