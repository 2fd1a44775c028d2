"""The works that reports cite: one literal table. Which report cites which is `citation`'s."""

from __future__ import annotations

from dataclasses import dataclass

_IN_ADDRESS = str.maketrans({"<": "%3C", ">": "%3E", "(": "%28", ")": "%29"})

_PB, _EPM = "Psychological Bulletin", "Educational and Psychological Measurement"


@dataclass(frozen=True, slots=True)
class Reference:
    """One work.

    Attributes:
        authors: Family names with initials.
        year: Of publication.
        title: Its title.
        venue: Journal with volume and pages, proceedings, or publisher.
        doi: Its DOI; empty where it has none.
        arxiv: Its number at arXiv; empty where it has none.
    """

    authors: str
    year: int
    title: str
    venue: str
    doi: str = ""
    arxiv: str = ""

    @property
    def short(self) -> str:
        """As it is cited in a sentence.

        Example:
            >>> WORKS["shrout_fleiss_1979"].short, WORKS["delong_1988"].short
            ('Shrout & Fleiss 1979', 'DeLong et al. 1988')
        """
        names = [name.split(",")[0] for name in self.authors.replace(" & ", "; ").split("; ")]
        first = names[0] if len(names) == 1 else " & ".join(names) if len(names) == 2 else f"{names[0]} et al."
        return f"{first} {self.year}"

    @property
    def identifier(self) -> str:
        """Its DOI or arXiv number as text; empty where it has neither."""
        return f"doi:{self.doi}" if self.doi else f"arXiv:{self.arxiv}" if self.arxiv else ""

    @property
    def address(self) -> str:
        """Where it is found; empty where it has neither DOI nor arXiv number."""
        if self.doi:
            return f"https://doi.org/{self.doi.translate(_IN_ADDRESS)}"
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else ""

    @property
    def text(self) -> str:
        """The whole, without its identifier."""
        stop = "" if self.title.endswith("?") else "."
        return f"{self.authors} ({self.year}). {self.title}{stop} {self.venue}."


WORKS: dict[str, Reference] = {
    "angelopoulos_2023": Reference(
        "Angelopoulos, A. N.; Duchi, J. C. & Zrnic, T.",
        2023,
        "PPI++: Efficient Prediction-Powered Inference",
        "arXiv preprint",
        arxiv="2311.01453",
    ),
    "benjamini_hochberg_1995": Reference(
        "Benjamini, Y. & Hochberg, Y.",
        1995,
        "Controlling the false discovery rate: a practical and powerful approach to multiple testing",
        "Journal of the Royal Statistical Society B 57(1), 289-300",
        "10.1111/j.2517-6161.1995.tb02031.x",
    ),
    "benjamini_yekutieli_2001": Reference(
        "Benjamini, Y. & Yekutieli, D.",
        2001,
        "The control of the false discovery rate in multiple testing under dependency",
        "The Annals of Statistics 29(4), 1165-1188",
        "10.1214/aos/1013699998",
    ),
    "berger_1982": Reference(
        "Berger, R. L.",
        1982,
        "Multiparameter hypothesis testing and acceptance sampling",
        "Technometrics 24(4), 295-300",
        "10.1080/00401706.1982.10487790",
    ),
    "bland_altman_1986": Reference(
        "Bland, J. M. & Altman, D. G.",
        1986,
        "Statistical methods for assessing agreement between two methods of clinical measurement",
        "The Lancet 327(8476), 307-310",
        "10.1016/S0140-6736(86)90837-8",
    ),
    "brennan_prediger_1981": Reference(
        "Brennan, R. L. & Prediger, D. J.",
        1981,
        "Coefficient kappa: some uses, misuses, and alternatives",
        f"{_EPM} 41(3), 687-699",
        "10.1177/001316448104100307",
    ),
    "brier_1950": Reference(
        "Brier, G. W.",
        1950,
        "Verification of forecasts expressed in terms of probability",
        "Monthly Weather Review 78(1), 1-3",
        "10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    ),
    "brodersen_2010": Reference(
        "Brodersen, K. H.; Ong, C. S.; Stephan, K. E. & Buhmann, J. M.",
        2010,
        "The balanced accuracy and its posterior distribution",
        "20th International Conference on Pattern Recognition, 3121-3124",
        "10.1109/ICPR.2010.764",
    ),
    "calderon_2025": Reference(
        "Calderon, N.; Reichart, R. & Dror, R.",
        2025,
        "The alternative annotator test for LLM-as-a-judge: how to statistically justify replacing human annotators "
        "with LLMs",
        "Proceedings of ACL 2025",
        arxiv="2501.10970",
    ),
    "cantor_1996": Reference(
        "Cantor, A. B.",
        1996,
        "Sample-size calculations for Cohen's kappa",
        "Psychological Methods 1(2), 150-153",
        "10.1037/1082-989X.1.2.150",
    ),
    "clopper_pearson_1934": Reference(
        "Clopper, C. J. & Pearson, E. S.",
        1934,
        "The use of confidence or fiducial limits illustrated in the case of the binomial",
        "Biometrika 26(4), 404-413",
        "10.1093/biomet/26.4.404",
    ),
    "cohen_1960": Reference(
        "Cohen, J.",
        1960,
        "A coefficient of agreement for nominal scales",
        f"{_EPM} 20(1), 37-46",
        "10.1177/001316446002000104",
    ),
    "cohen_1968": Reference(
        "Cohen, J.",
        1968,
        "Weighted kappa: nominal scale agreement with provision for scaled disagreement or partial credit",
        f"{_PB} 70(4), 213-220",
        "10.1037/h0026256",
    ),
    "conger_1980": Reference(
        "Conger, A. J.",
        1980,
        "Integration and generalization of kappas for multiple raters",
        f"{_PB} 88(2), 322-328",
        "10.1037/0033-2909.88.2.322",
    ),
    "connor_1987": Reference(
        "Connor, R. J.",
        1987,
        "Sample size for testing differences in proportions for the paired-sample design",
        "Biometrics 43(1), 207-211",
        "10.2307/2531961",
    ),
    "delong_1988": Reference(
        "DeLong, E. R.; DeLong, D. M. & Clarke-Pearson, D. L.",
        1988,
        "Comparing the areas under two or more correlated receiver operating characteristic curves: a nonparametric "
        "approach",
        "Biometrics 44(3), 837-845",
        "10.2307/2531595",
    ),
    "deutsch_2023": Reference(
        "Deutsch, D.; Foster, G. & Freitag, M.",
        2023,
        "Ties matter: meta-evaluating modern metrics with pairwise accuracy and tie calibration",
        "Proceedings of EMNLP 2023",
        arxiv="2305.14324",
    ),
    "dubois_2024": Reference(
        "Dubois, Y.; Galambosi, B.; Liang, P. & Hashimoto, T. B.",
        2024,
        "Length-controlled AlpacaEval: a simple way to debias automatic evaluators",
        "arXiv preprint",
        arxiv="2404.04475",
    ),
    "efron_1979": Reference(
        "Efron, B.",
        1979,
        "Bootstrap methods: another look at the jackknife",
        "The Annals of Statistics 7(1), 1-26",
        "10.1214/aos/1176344552",
    ),
    "efron_1987": Reference(
        "Efron, B.",
        1987,
        "Better bootstrap confidence intervals",
        "Journal of the American Statistical Association 82(397), 171-185",
        "10.1080/01621459.1987.10478410",
    ),
    "fagerland_2013": Reference(
        "Fagerland, M. W.; Lydersen, S. & Laake, P.",
        2013,
        "The McNemar test for binary matched-pairs data: mid-p and asymptotic are better than exact conditional",
        "BMC Medical Research Methodology 13, 91",
        "10.1186/1471-2288-13-91",
    ),
    "field_welsh_2007": Reference(
        "Field, C. A. & Welsh, A. H.",
        2007,
        "Bootstrapping clustered data",
        "Journal of the Royal Statistical Society B 69(3), 369-390",
        "10.1111/j.1467-9868.2007.00593.x",
    ),
    "fieller_1954": Reference(
        "Fieller, E. C.",
        1954,
        "Some problems in interval estimation",
        "Journal of the Royal Statistical Society B 16(2), 175-185",
        "10.1111/j.2517-6161.1954.tb00159.x",
    ),
    "fisch_2024": Reference(
        "Fisch, A.; Maynez, J.; Hofer, R. A.; Dhingra, B.; Globerson, A. & Cohen, W. W.",
        2024,
        "Stratified Prediction-Powered Inference for Hybrid Language Model Evaluation",
        "Advances in Neural Information Processing Systems 37",
        arxiv="2406.04291",
    ),
    "fisher_1921": Reference(
        "Fisher, R. A.",
        1921,
        'On the "probable error" of a coefficient of correlation deduced from a small sample',
        "Metron 1, 3-32",
    ),
    "fisher_1935": Reference(
        "Fisher, R. A.",
        1935,
        "The Design of Experiments",
        "Oliver and Boyd",
    ),
    "fleiss_1971": Reference(
        "Fleiss, J. L.",
        1971,
        "Measuring nominal scale agreement among many raters",
        f"{_PB} 76(5), 378-382",
        "10.1037/h0031619",
    ),
    "franco_2019": Reference(
        "Franco, C.; Little, R. J. A.; Louis, T. A. & Slud, E. V.",
        2019,
        "Comparative study of confidence intervals for proportions in complex sample surveys",
        "Journal of Survey Statistics and Methodology 7(3), 334-364",
        "10.1093/jssam/smy019",
    ),
    "gorodkin_2004": Reference(
        "Gorodkin, J.",
        2004,
        "Comparing two K-category assignments by a K-category correlation coefficient",
        "Computational Biology and Chemistry 28(5-6), 367-374",
        "10.1016/j.compbiolchem.2004.09.006",
    ),
    "gwet_2008": Reference(
        "Gwet, K. L.",
        2008,
        "Computing inter-rater reliability and its variance in the presence of high agreement",
        "British Journal of Mathematical and Statistical Psychology 61(1), 29-48",
        "10.1348/000711006X126600",
    ),
    "gwet_2014": Reference(
        "Gwet, K. L.",
        2014,
        "Handbook of inter-rater reliability, 4th edition",
        "Advanced Analytics, Gaithersburg",
    ),
    "hajek_1971": Reference(
        "Hájek, J.",
        1971,
        'Comment on "An essay on the logical foundations of survey sampling, part one" by D. Basu',
        "Foundations of Statistical Inference (eds. Godambe & Sprott), Holt, Rinehart and Winston, Toronto, 236",
    ),
    "hall_1992": Reference(
        "Hall, P.",
        1992,
        "On the removal of skewness by transformation",
        "Journal of the Royal Statistical Society B 54(1), 221-228",
        "10.1111/j.2517-6161.1992.tb01876.x",
    ),
    "hanley_mcneil_1982": Reference(
        "Hanley, J. A. & McNeil, B. J.",
        1982,
        "The meaning and use of the area under a receiver operating characteristic (ROC) curve",
        "Radiology 143(1), 29-36",
        "10.1148/radiology.143.1.7063747",
    ),
    "hayes_krippendorff_2007": Reference(
        "Hayes, A. F. & Krippendorff, K.",
        2007,
        "Answering the call for a standard reliability measure for coding data",
        "Communication Methods and Measures 1(1), 77-89",
        "10.1080/19312450709336664",
    ),
    "hesterberg_2015": Reference(
        "Hesterberg, T. C.",
        2015,
        "What teachers should know about the bootstrap: resampling in the undergraduate statistics curriculum",
        "The American Statistician 69(4), 371-386",
        "10.1080/00031305.2015.1089789",
    ),
    "holm_1979": Reference(
        "Holm, S.",
        1979,
        "A simple sequentially rejective multiple test procedure",
        "Scandinavian Journal of Statistics 6(2), 65-70",
    ),
    "holt_smith_1979": Reference(
        "Holt, D. & Smith, T. M. F.",
        1979,
        "Post stratification",
        "Journal of the Royal Statistical Society A 142(1), 33-46",
        "10.2307/2344652",
    ),
    "johnson_1978": Reference(
        "Johnson, N. J.",
        1978,
        "Modified t tests and confidence intervals for asymmetrical populations",
        "Journal of the American Statistical Association 73(363), 536-544",
        "10.1080/01621459.1978.10480051",
    ),
    "kendall_1938": Reference(
        "Kendall, M. G.",
        1938,
        "A new measure of rank correlation",
        "Biometrika 30(1-2), 81-93",
        "10.1093/biomet/30.1-2.81",
    ),
    "kendall_1945": Reference(
        "Kendall, M. G.",
        1945,
        "The treatment of ties in ranking problems",
        "Biometrika 33(3), 239-251",
        "10.1093/biomet/33.3.239",
    ),
    "kendall_babington_smith_1939": Reference(
        "Kendall, M. G. & Babington Smith, B.",
        1939,
        "The problem of m rankings",
        "The Annals of Mathematical Statistics 10(3), 275-287",
        "10.1214/aoms/1177732186",
    ),
    "kish_1965": Reference("Kish, L.", 1965, "Survey Sampling", "Wiley, New York"),
    "krippendorff_2011": Reference(
        "Krippendorff, K.",
        2011,
        "Computing Krippendorff's alpha-reliability",
        "Departmental Papers (ASC) 43, University of Pennsylvania",
    ),
    "lang_reiczigel_2014": Reference(
        "Lang, Z. & Reiczigel, J.",
        2014,
        "Confidence limits for prevalence of disease adjusted for estimated sensitivity and specificity",
        "Preventive Veterinary Medicine 113(1), 13-22",
        "10.1016/j.prevetmed.2013.09.015",
    ),
    "liang_zeger_1986": Reference(
        "Liang, K.-Y. & Zeger, S. L.",
        1986,
        "Longitudinal data analysis using generalized linear models",
        "Biometrika 73(1), 13-22",
        "10.1093/biomet/73.1.13",
    ),
    "lin_1989": Reference(
        "Lin, L. I.-K.",
        1989,
        "A concordance correlation coefficient to evaluate reproducibility",
        "Biometrics 45(1), 255-268",
        "10.2307/2532051",
    ),
    "linacre_1989": Reference("Linacre, J. M.", 1989, "Many-facet Rasch measurement", "MESA Press, Chicago"),
    "malik_2025": Reference(
        "Malik, S.; Pyatkin, V.; Land, S.; Morrison, J.; Smith, N. A.; Hajishirzi, H. & Lambert, N.",
        2025,
        "RewardBench 2: advancing reward model evaluation",
        "arXiv preprint",
        arxiv="2506.01937",
    ),
    "matthews_1975": Reference(
        "Matthews, B. W.",
        1975,
        "Comparison of the predicted and observed secondary structure of T4 phage lysozyme",
        "Biochimica et Biophysica Acta 405(2), 442-451",
        "10.1016/0005-2795(75)90109-9",
    ),
    "mccarthy_1969": Reference(
        "McCarthy, P. J.",
        1969,
        "Pseudo-replication: half samples",
        "Review of the International Statistical Institute 37(3), 239-264",
        "10.2307/1402116",
    ),
    "mcgraw_wong_1996": Reference(
        "McGraw, K. O. & Wong, S. P.",
        1996,
        "Forming inferences about some intraclass correlation coefficients",
        "Psychological Methods 1(1), 30-46",
        "10.1037/1082-989X.1.1.30",
    ),
    "mcnemar_1947": Reference(
        "McNemar, Q.",
        1947,
        "Note on the sampling error of the difference between correlated proportions or percentages",
        "Psychometrika 12(2), 153-157",
        "10.1007/BF02295996",
    ),
    "miller_1974": Reference(
        "Miller, R. G.", 1974, "The jackknife - a review", "Biometrika 61(1), 1-15", "10.1093/biomet/61.1.1"
    ),
    "morris_2019": Reference(
        "Morris, T. P.; White, I. R. & Crowther, M. J.",
        2019,
        "Using simulation studies to evaluate statistical methods",
        "Statistics in Medicine 38(11), 2074-2102",
        "10.1002/sim.8086",
    ),
    "naeini_2015": Reference(
        "Naeini, M. P.; Cooper, G. F. & Hauskrecht, M.",
        2015,
        "Obtaining well calibrated probabilities using Bayesian binning",
        "Proceedings of the AAAI Conference on Artificial Intelligence 29(1)",
        "10.1609/aaai.v29i1.9602",
    ),
    "newcombe_1998": Reference(
        "Newcombe, R. G.",
        1998,
        "Improved confidence intervals for the difference between binomial proportions based on paired data",
        "Statistics in Medicine 17(22), 2635-2650",
        "10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C",
    ),
    "owen_2007": Reference(
        "Owen, A. B.",
        2007,
        "The pigeonhole bootstrap",
        "The Annals of Applied Statistics 1(2), 386-411",
        "10.1214/07-AOAS122",
    ),
    "pearson_1895": Reference(
        "Pearson, K.",
        1895,
        "Note on regression and inheritance in the case of two parents",
        "Proceedings of the Royal Society of London 58, 240-242",
        "10.1098/rspl.1895.0041",
    ),
    "phipson_smyth_2010": Reference(
        "Phipson, B. & Smyth, G. K.",
        2010,
        "Permutation p-values should never be zero: calculating exact p-values when permutations are randomly drawn",
        "Statistical Applications in Genetics and Molecular Biology 9(1), 39",
        "10.2202/1544-6115.1585",
    ),
    "pratt_1959": Reference(
        "Pratt, J. W.",
        1959,
        "Remarks on zeros and ties in the Wilcoxon signed rank procedures",
        "Journal of the American Statistical Association 54(287), 655-667",
        "10.1080/01621459.1959.10501526",
    ),
    "rogan_gladen_1978": Reference(
        "Rogan, W. J. & Gladen, B.",
        1978,
        "Estimating prevalence from the results of a screening test",
        "American Journal of Epidemiology 107(1), 71-76",
        "10.1093/oxfordjournals.aje.a112510",
    ),
    "shi_2024": Reference(
        "Shi, L.; Ma, C.; Liang, W.; Diao, X.; Ma, W. & Vosoughi, S.",
        2024,
        "Judging the judges: a systematic study of position bias in LLM-as-a-judge",
        "arXiv preprint",
        arxiv="2406.07791",
    ),
    "shrout_fleiss_1979": Reference(
        "Shrout, P. E. & Fleiss, J. L.",
        1979,
        "Intraclass correlations: uses in assessing rater reliability",
        f"{_PB} 86(2), 420-428",
        "10.1037/0033-2909.86.2.420",
    ),
    "sokolova_lapalme_2009": Reference(
        "Sokolova, M. & Lapalme, G.",
        2009,
        "A systematic analysis of performance measures for classification tasks",
        "Information Processing & Management 45(4), 427-437",
        "10.1016/j.ipm.2009.03.002",
    ),
    "somers_1962": Reference(
        "Somers, R. H.",
        1962,
        "A new asymmetric measure of association for ordinal variables",
        "American Sociological Review 27(6), 799-811",
        "10.2307/2090408",
    ),
    "spearman_1904": Reference(
        "Spearman, C.",
        1904,
        "The proof and measurement of association between two things",
        "The American Journal of Psychology 15(1), 72-101",
        "10.2307/1412159",
    ),
    "stemler_2004": Reference(
        "Stemler, S. E.",
        2004,
        "A comparison of consensus, consistency, and measurement approaches to estimating interrater reliability",
        "Practical Assessment, Research, and Evaluation 9(1), article 4",
        "10.7275/96jp-xz07",
    ),
    "stuart_1953": Reference(
        "Stuart, A.",
        1953,
        "The estimation and comparison of strengths of association in contingency tables",
        "Biometrika 40(1-2), 105-110",
        "10.1093/biomet/40.1-2.105",
    ),
    "student_1908": Reference(
        "Student", 1908, "The probable error of a mean", "Biometrika 6(1), 1-25", "10.1093/biomet/6.1.1"
    ),
    "tango_1998": Reference(
        "Tango, T.",
        1998,
        "Equivalence test and confidence interval for the difference in proportions for the paired-sample design",
        "Statistics in Medicine 17(8), 891-908",
        "10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B",
    ),
    "waudby_smith_ramdas_2024": Reference(
        "Waudby-Smith, I. & Ramdas, A.",
        2024,
        "Estimating means of bounded random variables by betting",
        "Journal of the Royal Statistical Society B 86(1), 1-27",
        "10.1093/jrsssb/qkad009",
    ),
    "welch_1947": Reference(
        "Welch, B. L.",
        1947,
        "The generalization of Student's problem when several different population variances are involved",
        "Biometrika 34(1-2), 28-35",
        "10.1093/biomet/34.1-2.28",
    ),
    "wilcoxon_1945": Reference(
        "Wilcoxon, F.",
        1945,
        "Individual comparisons by ranking methods",
        "Biometrics Bulletin 1(6), 80-83",
        "10.2307/3001968",
    ),
    "willmott_matsuura_2005": Reference(
        "Willmott, C. J. & Matsuura, K.",
        2005,
        "Advantages of the mean absolute error (MAE) over the root mean square error (RMSE) in assessing average model "
        "performance",
        "Climate Research 30, 79-82",
        "10.3354/cr030079",
    ),
    "wilson_1927": Reference(
        "Wilson, E. B.",
        1927,
        "Probable inference, the law of succession, and statistical inference",
        "Journal of the American Statistical Association 22(158), 209-212",
        "10.1080/01621459.1927.10502953",
    ),
    "yao_2024": Reference(
        "Yao, S.; Shinn, N.; Razavi, P. & Narasimhan, K.",
        2024,
        "tau-bench: a benchmark for tool-agent-user interaction in real-world domains",
        "arXiv preprint",
        arxiv="2406.12045",
    ),
    "yerushalmy_1947": Reference(
        "Yerushalmy, J.",
        1947,
        "Statistical problems in assessing methods of medical diagnosis, with special reference to X-ray techniques",
        "Public Health Reports 62(40), 1432-1449",
        "10.2307/4586294",
    ),
    "youden_1950": Reference(
        "Youden, W. J.",
        1950,
        "Index for rating diagnostic tests",
        "Cancer 3(1), 32-35",
        "10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3",
    ),
    "zheng_2023": Reference(
        "Zheng, L.; Chiang, W.-L.; Sheng, Y.; et al.",
        2023,
        "Judging LLM-as-a-judge with MT-Bench and Chatbot Arena",
        "Advances in Neural Information Processing Systems 36, Datasets and Benchmarks",
        arxiv="2306.05685",
    ),
}
"""Every work by name; DOIs as registered."""
