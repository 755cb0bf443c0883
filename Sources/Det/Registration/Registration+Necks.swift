import Core

func registerNecks(_ necks: inout Registry<any Neck>) {
  necks.register("BFP", scope: scope, BFP.Config.self) { BFP($0) }
  necks.register("ChannelMapper", scope: scope, ChannelMapper.Config.self) { ChannelMapper($0) }
  necks.register("CTResNetNeck", scope: scope, CTResNetNeck.Config.self) { CTResNetNeck($0) }
  necks.register("DilatedEncoder", scope: scope, DilatedEncoder.Config.self) { DilatedEncoder($0) }
  necks.register("DyHead", scope: scope, DyHead.Config.self) { DyHead($0) }
  necks.register("FPG", scope: scope, FPG.Config.self) { FPG($0) }
  necks.register("FPN", scope: scope, DetFPNConfig.self) { FPN($0.fpn) }
  necks.register("FPN_CARAFE", scope: scope, FPNCARAFE.Config.self) { FPNCARAFE($0) }
  necks.register("HRFPN", scope: scope, HRFPN.Config.self) { HRFPN($0) }
  necks.register("NASFCOS_FPN", scope: scope, NASFCOSFPN.Config.self) { NASFCOSFPN($0) }
  necks.register("NASFPN", scope: scope, NASFPN.Config.self) { NASFPN($0) }
  necks.register("PAFPN", scope: scope, PAFPNConfig.self) { PAFPN($0.fpn) }
  necks.register("SSDNeck", scope: scope, SSDNeck.Config.self) { SSDNeck($0) }
  necks.register("YOLOV3Neck", scope: scope, YOLOV3Neck.Config.self) { YOLOV3Neck($0) }
  necks.register("YOLOXPAFPN", scope: scope, YOLOXPAFPN.Config.self) { YOLOXPAFPN($0) }
}
