extension ExactDecimal {
    /// The product as Prometheus is to read it: exact where 18 digits hold it, else as near as a
    /// `Double` has it.
    func timesText(_ other: ExactDecimal) -> String {
        let (digits, overflow) = digits.multipliedReportingOverflow(by: other.digits)
        if !overflow, let product = ExactDecimal(digits: digits, scale: scale + other.scale) {
            return product.description
        }
        return "\(approximation * other.approximation)"
    }

    /// This share in per cent, such as `99.9`.
    var percentText: String {
        ExactDecimal(digits: digits, scale: scale - 2)?.description ?? description
    }
}
