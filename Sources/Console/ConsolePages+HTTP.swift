internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

extension ConsolePages.Request {
    /// What matters of a request.
    init(_ request: Request) {
        self.init(request.method.rawValue, request.uri.path)
        accept = request.headers[values: .accept]
        authorization = request.headers[.authorization]
        host = request.head.authority
        let length = request.headers[.contentLength]
        hasBody = (length ?? "0") != "0" || request.headers[.transferEncoding] != nil
    }
}

extension Response {
    /// `answer` to `request`, which may have asked for its head alone.
    init(_ answer: ConsoleAnswer, to request: Request) {
        var fields: HTTPFields = [
            .contentType: answer.contentType,
            .cacheControl: "no-store",
            .xContentTypeOptions: "nosniff",
        ]
        // order-free: fields of different names.
        for (name, value) in answer.fields {
            guard let name = HTTPField.Name(name) else { continue }
            fields[name] = value
        }
        if request.headers[.connection] == ClosingHandler.close {
            fields[.connection] = ClosingHandler.close
        }
        let body = ByteBuffer(string: answer.body)
        fields[.contentLength] = String(body.readableBytes)
        self.init(
            status: HTTPResponse.Status(code: answer.status),
            headers: fields,
            body: request.method == .head ? ResponseBody() : ResponseBody(byteBuffer: body)
        )
    }
}
