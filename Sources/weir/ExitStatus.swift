internal import ArgumentParser
internal import Commerce
internal import Datasets
internal import Documents
internal import HTTPServing
internal import Operations
internal import Pipeline
internal import PrometheusStores
internal import SLO
internal import Stages
internal import Storage

/// The exit codes of the command line (`sysexits.h`, where it has one).
enum ExitStatus: Int32 {
    /// Something is not true of a run that must be true of any.
    case invariantBroken = 1
    case usage = 64
    case wrongDocument = 65
    case inputNotFound = 66
    case storeUnavailable = 69
    case ourFault = 70
    /// Something goes on being wrong after what caused it has ended.
    case neverRecovered = 75
    case interrupted = 130
    /// Nothing reads the result any more: as a shell tells it of who ends by SIGPIPE.
    case unread = 141

    var code: ExitCode { ExitCode(rawValue) }

    /// The code for an error that ended a command.
    init(_ error: any Error) {
        switch error {
        case let error as DocumentError:
            self = error.code == .wrong ? .wrongDocument : .inputNotFound
        case let error as InputError:
            self = error.code == .wrongFormat ? .wrongDocument : .inputNotFound
        case let error as StoreError:
            self = ExitStatus(error.code)
        case let error as ReadBackFailure:
            self = ExitStatus(error.cause.code)
        case is RefreshUnderWay, is NoScheduler:
            self = .storeUnavailable
        case let error as ListenError:
            self = error.code == .needsToken ? .usage : .storeUnavailable
        case let error as TokenError:
            self = error.exit
        case let error as LiveRunError:
            self = error.exit
        case let error as PrometheusError:
            self = error.code == .wrongQuery ? .wrongDocument : .storeUnavailable
        case is RecordedHistoryError, is LetterEditError:
            self = .wrongDocument
        case is JournalError:
            self = .storeUnavailable
        case is Surroundings.Unfit, is SpanExportError:
            self = .storeUnavailable
        case is StageProgramError:
            self = .storeUnavailable
        case is RunError, is UnschedulableInterval, is ValidationError:
            self = .usage
        default:
            self = .ourFault
        }
    }

    /// What is in a store is a document as well; all else is for the people who run the store.
    private init(_ code: StoreError.Code) {
        switch code {
        case .wrongFormat, .corrupted: self = .wrongDocument
        case .unavailable, .busy, .full, .readOnly, .refused: self = .storeUnavailable
        case .wrongURL: self = .usage
        }
    }
}
