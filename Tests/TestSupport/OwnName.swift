internal import Foundation
internal import Synchronization

private let names = Atomic<Int>(0)

/// The name of something that a test is to make on a server, different each time: `prefix`, this
/// process and a number.
package func ownName(_ prefix: String) -> String {
    let number = names.wrappingAdd(1, ordering: .relaxed).newValue
    return "\(prefix)_\(ProcessInfo.processInfo.processIdentifier)_\(number)"
}
