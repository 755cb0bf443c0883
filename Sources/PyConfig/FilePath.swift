import Foundation

/// The parts of a path, as `os.path` takes it apart.
struct FilePath {
  let text: String
  init(_ text: String) { self.text = text }

  var directory: String {
    guard let slash = text.lastIndex(of: "/") else { return "" }
    var head = text[...slash]
    if head.contains(where: { $0 != "/" }) { while head.hasSuffix("/") { head.removeLast() } }
    return String(head)
  }

  var name: String { text.lastIndex(of: "/").map { String(text[text.index(after: $0)...]) } ?? text }

  /// With its dot; leading dots of a name don't start one.
  var `extension`: String { String(text.dropFirst(withoutExtension.count)) }

  var withoutExtension: String {
    let name = name
    guard let dot = name.lastIndex(of: "."), name[..<dot].contains(where: { $0 != "." }) else { return text }
    return String(text.dropLast(name[dot...].count))
  }

  /// `~` replaced, made absolute and freed of `.` and `..`.
  var absolute: String {
    var path = text
    if path == "~" || path.hasPrefix("~/") { path = NSHomeDirectory() + path.dropFirst() }
    if !path.hasPrefix("/") { path = FileManager.default.currentDirectoryPath + "/" + path }
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// This path seen from `directory`; an absolute one stays.
  func inside(_ directory: String) -> String {
    if text.hasPrefix("/") || directory.isEmpty { return text }
    return directory.hasSuffix("/") ? directory + text : directory + "/" + text
  }
}

extension FilePath {
  /// With symbolic links followed.
  var resolved: String { URL(fileURLWithPath: text).resolvingSymlinksInPath().path }
}
