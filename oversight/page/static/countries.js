// ISO 3166-1: alpha-3, which documents carry, and alpha-2, which the browser has names for.
const PAIRS = (
  "ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU AUTAT AZEAZ BDIBI " +
  "BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ BMUBM BOLBO BRABR BRBBB BRNBN BTNBT " +
  "BVTBV BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN CIVCI CMRCM CODCD COGCG COKCK COLCO COMKM CPVCV CRICR CUBCU " +
  "CUWCW CXRCX CYMKY CYPCY CZECZ DEUDE DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET " +
  "FINFI FJIFJ FLKFK FRAFR FROFO FSMFM GABGA GBRGB GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM GNBGW GNQGQ GRCGR " +
  "GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU IDNID IMNIM INDIN IOTIO IRLIE IRNIR " +
  "IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE JORJO JPNJP KAZKZ KENKE KGZKG KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB " +
  "LBRLR LBYLY LCALC LIELI LKALK LSOLS LTULT LUXLU LVALV MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH " +
  "MKDMK MLIML MLTMT MMRMM MNEME MNGMN MNPMP MOZMZ MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA NCLNC NERNE " +
  "NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ OMNOM PAKPK PANPA PCNPN PERPE PHLPH PLWPW PNGPG POLPL " +
  "PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU RWARW SAUSA SDNSD SENSN SGPSG SGSGS SHNSH SJMSJ " +
  "SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST SURSR SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC " +
  "TCDTD TGOTG THATH TJKTJ TKLTK TKMTM TLSTL TONTO TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA UMIUM URYUY " +
  "USAUS UZBUZ VATVA VCTVC VENVE VGBVG VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE ZAFZA ZMBZM ZWEZW"
);

export const COUNTRIES = Object.fromEntries(PAIRS.split(" ").map((pair) => [pair.slice(0, 3), pair.slice(3)]));

// ICAO 9303 part 3, section 5: codes that are no country's, and Utopia, the state of its specimens.
export const OTHER_NATIONALITIES = {
  "D": { "en": "Germany", "zh": "德国" },
  "GBD": { "en": "British (overseas territories citizen)", "zh": "英国（海外领土公民）" },
  "GBN": { "en": "British (national overseas)", "zh": "英国（国民海外）" },
  "GBO": { "en": "British (overseas citizen)", "zh": "英国（海外公民）" },
  "GBP": { "en": "British (protected person)", "zh": "英国（受保护人士）" },
  "GBS": { "en": "British (subject)", "zh": "英国（臣民）" },
  "RKS": { "en": "Kosovo", "zh": "科索沃" },
  "EUE": { "en": "European Union", "zh": "欧洲联盟" },
  "UNO": { "en": "United Nations", "zh": "联合国" },
  "UNA": { "en": "United Nations agency", "zh": "联合国机构" },
  "UNK": { "en": "Resident of Kosovo (United Nations)", "zh": "科索沃居民（联合国）" },
  "XXA": { "en": "Stateless", "zh": "无国籍" },
  "XXB": { "en": "Refugee", "zh": "难民" },
  "XXC": { "en": "Refugee (other)", "zh": "难民（其他）" },
  "XXX": { "en": "not specified", "zh": "未指明" },
  "UTO": { "en": "Utopia (specimen)", "zh": "乌托邦（样本）" },
};
