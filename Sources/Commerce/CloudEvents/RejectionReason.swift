/// Why no event could be made of one record; becomes a ``Rejection`` with its file and line.
package struct RejectionReason: Error, Hashable, CustomStringConvertible {
    /// The classes that rejected records are counted under.
    package enum Reason: String, Sendable, CaseIterable {
        case badContentType = "bad-content-type"
        case badCount = "bad-count"
        case badCurrency = "bad-currency"
        case badDate = "bad-date"
        case badMoney = "bad-money"
        case badQuotes = "bad-quotes"
        case badSequence = "bad-sequence"
        case badTraceparent = "bad-traceparent"
        case badVersion = "bad-specversion"
        case conflictingLine = "conflicting-line"
        case doubtfulMoney = "doubtful-money"
        case duplicateField = "duplicate-field"
        case duplicateLine = "duplicate-line"
        case emptyField = "empty-field"
        case invalidUTF8 = "invalid-utf8"
        case missingField = "missing-field"
        case negativeCount = "negative-count"
        case negativeValue = "negative-value"
        case notJSON = "not-json"
        case nulByte = "nul-byte"
        case tooFewFields = "too-few-fields"
        case tooLarge = "too-large"
        case tooManyFields = "too-many-fields"
        case unknownEvent = "unknown-event"
        case unknownField = "unknown-field"
        case unterminated
        case wrongType = "wrong-type"
    }

    /// The class it is counted under.
    package var reason: Reason
    /// The line of the input it is on, where that is not the first of the record.
    package var line: Int?
    /// From 1, in bytes; nil if the record as a whole is wrong.
    package var column: Int?
    /// The attribute or column that is wrong, such as `data.items[0].price`.
    package var field: String?
    /// What is wrong, what was expected, and how to fix it.
    package var message: String

    /// A rejection of class `reason`.
    package init(
        _ reason: Reason,
        line: Int? = nil,
        column: Int? = nil,
        field: String? = nil,
        _ message: String
    ) {
        self.reason = reason
        self.line = line
        self.column = column
        self.field = field
        self.message = message
    }

    /// The rejection of the record at `line` of `file`.
    package func rejection(file: String, line: Int) -> Rejection {
        Rejection(
            file: file,
            line: self.line ?? line,
            column: column,
            field: field,
            reason: reason.rawValue,
            message: message
        )
    }

    /// `column n: field: message`, without the parts it does not have.
    package var description: String {
        let place = column.map { "column \($0): " } ?? ""
        return place + (field.map { "\($0): \(message)" } ?? message)
    }
}

extension RejectionReason {
    /// The rejection of text that no text format allows: a NUL, or bytes that are not UTF-8.
    static func inText(_ bytes: UnsafeBufferPointer<UInt8>) -> RejectionReason? {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            return RejectionReason(
                .invalidUTF8,
                column: error.byteOffsets.lowerBound + 1,
                "bytes that are not UTF-8; convert the file to UTF-8"
            )
        }
        guard let index = bytes.firstIndex(of: 0) else { return nil }
        return RejectionReason(
            .nulByte,
            column: index + 1,
            "a NUL byte, which no text has; is the file damaged, or in UTF-16?"
        )
    }
}
