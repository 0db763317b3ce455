"""Why a decision or an alert is refused, in the words that people read: Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from records.comparing.errors import AlertFault, DecisionFault, DecisionRefused

FAULT_WORDS: Mapping[DecisionFault, tuple[str, str]] = {
    DecisionFault.FORM: ("不是一份签名文本，或不是决定", "not a signed note, or not a decision"),
    DecisionFault.SIZE: ("文本过长", "too long"),
    DecisionFault.COURT: ("附件中没有这个法院", "the annex knows no court of this name"),
    DecisionFault.SIGNATURES: ("须有两个签名", "it needs two signatures"),
    DecisionFault.SAME_KEY: ("两个签名出自同一把密钥", "both signatures are by one key"),
    DecisionFault.FOREIGN_KEY: (
        "签名的密钥不属于该法院，或已失效",
        "signed by a key that is not this court's, or no longer",
    ),
    DecisionFault.CHANGED: ("签名与文本不符：文本被改动过", "a signature does not fit the text: it was changed"),
    DecisionFault.FIELD: ("含有决定不允许的栏目", "it has a field that decisions do not have"),
    DecisionFault.MISSING: ("缺少必需的栏目", "a field that every decision needs is missing"),
    DecisionFault.ORDER: ("书写方式或顺序不合规定", "not written in the one way that is allowed"),
    DecisionFault.JURISDICTION: ("属于另一辖区", "of another jurisdiction"),
    DecisionFault.NUMBER: ("决定文号不可用", "the file number cannot be used"),
    DecisionFault.DATE: ("日期不存在", "a day that there is not"),
    DecisionFault.NOT_YET: ("决定日期在将来", "decided on a day to come"),
    DecisionFault.ACT: ("该行为不在封闭清单上", "the act is not on the closed list"),
    DecisionFault.ESCAPED_FROM: (
        "脱逃须写明、其他行为不得写明羁押所涉行为",
        "what custody was for: missing, or not allowed here",
    ),
    DecisionFault.VALIDITY: ("有效期超过十二个月，或没有有效期", "valid for more than twelve months, or not at all"),
    DecisionFault.EXPIRED: ("已过有效期", "expired"),
    DecisionFault.OTHER_NAME: ("这些姓名不是同一个姓名的写法", "names that are not forms of one name"),
    DecisionFault.NAMES: ("姓名须为同一人姓名的一至五种写法", "one to five forms of one name, each once"),
    DecisionFault.BIRTH_DATE: ("出生日期不完整", "no full birth date"),
    DecisionFault.MINOR: ("决定时未满十八岁", "under 18 when it was decided"),
    DecisionFault.SEX: ("性别须为 1 或 2", "sex must be 1 or 2"),
    DecisionFault.DOCUMENTS: (
        "没有证件号码，或证件过多，或同类证件两件",
        "no document number, too many, or two of a kind",
    ),
    DecisionFault.KIND: ("证件种类不可用", "a kind of document that cannot be used"),
    DecisionFault.ISSUING_STATE: ("签发国家不可用", "an issuing state that cannot be used"),
    DecisionFault.DOCUMENT_NUMBER: ("证件号码不合该种证件的规则", "the number breaks the rules of its kind"),
    DecisionFault.CONTRADICTION: ("号码中的出生日期或性别与决定不符", "the number says another birth date or sex"),
    DecisionFault.NOT_A_SPECIMEN: ("不是样本：演示只接受样本", "not a specimen: the demonstration takes no others"),
}

ALERT_FAULT_WORDS: Mapping[AlertFault, tuple[str, str]] = {
    AlertFault.PERMIT: ("不知道这个许可", "no permit of this number is known"),
    AlertFault.PERMIT_TIME: ("比对时许可未生效或已过期", "compared when the permit was not in force"),
    AlertFault.STOPPED: ("比对时已停止", "compared after the stop"),
    AlertFault.CLOCK: ("比对时间在将来", "compared in time to come"),
    AlertFault.CHECK_IN: (
        "比对早于入住，或晚于入住一天以上",
        "compared before the check-in, or a day and more after it",
    ),
    AlertFault.INCLUSION: ("该决定不在许可的清单上", "the decision is not on the permit's list"),
    AlertFault.DECISION: ("该决定本身不被接受", "the decision itself is refused"),
    AlertFault.WITHDRAWN: ("该决定已撤回", "the decision was withdrawn"),
    AlertFault.QUIET: ("误报过多，尚未复查", "quiet: too many false alerts, and nobody has reviewed them yet"),
    AlertFault.PERSON: ("不是该地点所属的旅客", "not the guest of whom the counter sealed the place"),
    AlertFault.MINOR: ("旅客未满十八岁", "the guest is under 18"),
    AlertFault.NOT_A_SPECIMEN: ("旅客的证件不是样本", "the guest's document is no specimen"),
    AlertFault.HOW_READ: ("证件为手工录入", "the document was typed"),
    AlertFault.DOCUMENT: ("证件号码与决定不接近", "no number of the decision is within one slip of the guest's"),
    AlertFault.VERDICT: ("称号码相同，实不相同", "says that numbers are the same that are not"),
    AlertFault.FORM: ("无法打开，或不是提醒", "does not open, or is no alert"),
    AlertFault.VENUE: ("所称旅馆与柜台密封的不符", "names another house than the counter sealed"),
}


def describe_refusal(error: DecisionRefused) -> str:
    """Return why a decision is refused, with the name of a field that it may not have or that is missing."""
    zh, en = FAULT_WORDS[error.fault]
    field = f" ({error.field_name})" if error.field_name else ""
    return f"{zh}　{en}{field}"
