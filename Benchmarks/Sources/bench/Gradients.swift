import Cls
import Core
import TorchFile

/// One training step of ResNet-50 on the weights and images of a file that `compare.py` wrote: the loss and every
/// gradient go to another one.
func writeGradients(weights path: String, to out: String, runningStatistics: Bool) throws {
  let model = try makeClassifier("resnet50")
  let given = try Checkpoint(path: path)
  let images = given.state["images"], labels = given.state["labels"]
  guard let images, let values = labels?.asInt64() else {
    throw InvalidConfig("\(path): needs images and labels")
  }
  let report = try model.load(given.state)
  guard report.missing.isEmpty else { throw InvalidConfig("\(path): \(report.description)") }
  model.train(!runningStatistics)
  let (loss, _) = try model.losses(Tensor(images.asFloat32(), shape: images.shape), .labels(Tensor(values)))
    .total()
  loss.backward()
  var results = Checkpoint()
  results.state["loss"] = StoredTensor(loss.detached())
  for (key, parameter) in model.namedParameters {
    if let gradient = parameter.gradient { results.state[key] = StoredTensor(gradient) }
  }
  try results.write(to: out)
}
