extension [UInt8] {
    /// Appends `value` in decimal, padded with zeros to at least `width` digits.
    @inlinable
    package mutating func appendDecimal(_ value: Int, width: Int = 1) {
        if value < 0 {
            append(UInt8(ascii: "-"))
        }
        var magnitude = value.magnitude
        // Twenty digits hold every 64-bit magnitude; they are made from the last one back.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Swift.max(20, width)) { digits in
            var first = digits.count
            repeat {
                first -= 1
                digits[first] = UInt8(48 + magnitude % 10)
                magnitude /= 10
            } while magnitude > 0
            while digits.count - first < width {
                first -= 1
                digits[first] = 48
            }
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[first...]))
        }
    }
}
