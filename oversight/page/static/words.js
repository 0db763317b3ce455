// Codes of a record in the guest's words. A code that is not listed here is shown as it is.

import { COUNTRIES, OTHER_NATIONALITIES } from "/countries.js";

export const WORDS = {
  "en": {
    "event": {
      "check_in": "Arrival", "move": "Room changed", "extend": "Stay extended",
      "check_out": "Departure", "correct": "Corrected", "cancel": "Cancelled"
    },
    "kind": {
      "111": "Resident identity card", "112": "Temporary resident identity card", "411": "Diplomatic passport",
      "412": "Service passport", "414": "Passport", "420": "Hong Kong passport", "421": "Macao passport",
      "511": "Mainland travel permit for Taiwan residents",
      "516": "Mainland travel permit for Hong Kong and Macao residents",
      "553": "Permanent residence card for foreigners",
      "x00": "No document",
      "x01": "Residence permit for Hong Kong, Macao and Taiwan residents",
      "x02": "Identity card", "990": "Other document"
    },
    "sex": { "0": "not stated", "1": "male", "2": "female", "9": "not specified" },
    "how_read": { "chip": "from the chip", "mrz": "from the printed lines", "typed": "typed by hand" },
    "because": {
      "reader_broken": "the reader did not work", "nothing_to_read": "it has neither chip nor printed lines",
      "damaged": "it is damaged", "no_document": "there was no document"
    },
    "shown": {
      "document": "the document itself", "copy": "a copy or picture of it",
      "other_paper": "a birth certificate, family book or other paper", "nothing": "nothing: an adult told it"
    },
    "relation": {
      "parent": "parent", "grandparent": "grandparent", "relative": "other relative",
      "legal_guardian": "legal guardian", "entrusted": "entrusted by the parents"
    },
    "chip": { "verified": "passed", "not_verified": "not possible for this document", "failed": "failed" }
  },
  "zh": {
    "event": {
      "check_in": "入住", "move": "换房", "extend": "续住",
      "check_out": "离开", "correct": "更正", "cancel": "撤销"
    },
    "kind": {
      "111": "居民身份证", "112": "临时居民身份证", "411": "外交护照",
      "412": "公务护照", "414": "护照", "420": "香港特别行政区护照", "421": "澳门特别行政区护照",
      "511": "台湾居民来往大陆通行证",
      "516": "港澳居民来往内地通行证",
      "553": "外国人永久居留身份证",
      "x00": "没有证件",
      "x01": "港澳台居民居住证",
      "x02": "身份证件", "990": "其他证件"
    },
    "sex": { "0": "未说明", "1": "男", "2": "女", "9": "未指明" },
    "how_read": { "chip": "读取芯片", "mrz": "读取机读码", "typed": "手工输入" },
    "because": {
      "reader_broken": "读卡器故障", "nothing_to_read": "没有芯片和机读码",
      "damaged": "证件损坏", "no_document": "没有证件"
    },
    "shown": {
      "document": "证件原件", "copy": "复印件或照片",
      "other_paper": "出生证明、户口簿等文件", "nothing": "没有文件，由成年人说明"
    },
    "relation": {
      "parent": "父母", "grandparent": "祖父母或外祖父母", "relative": "其他亲属",
      "legal_guardian": "法定监护人", "entrusted": "受父母委托"
    },
    "chip": { "verified": "通过", "not_verified": "此证件无法核验", "failed": "未通过" }
  }
};

const LOCALES = { en: "en-GB", zh: "zh-CN" };

/** Return the word for a code, or the code itself. */
export function nameCode(language, list, code) {
  return WORDS[language][list][code] ?? code;
}

/** Return a country in words: ISO 3166 alpha-3, and the codes that ICAO 9303 adds. */
export function nameCountry(language, code) {
  if (code in OTHER_NATIONALITIES) return OTHER_NATIONALITIES[code][language];
  if (!(code in COUNTRIES)) return code;
  return new Intl.DisplayNames([LOCALES[language]], { type: "region" }).of(COUNTRIES[code]);
}

/** Return a calendar day (YYYY-MM-DD) in words. */
export function writeDay(language, day) {
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}

/** Return a moment in words, in the device's own time zone. */
export function writeTime(language, moment) {
  return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: "long", timeStyle: "short" }).format(new Date(moment));
}
