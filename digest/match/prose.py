"""What single words are worth in a phrase that names a subject: from nothing ("of", "novel") to all of it ("splatting").

A judgement about the English of titles and abstracts, made by hand, for where no history tells what is common.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from digest.match.analysis import Word, stem
from digest.match.phrases import FUNCTION_WORDS


class Kind(IntEnum):
    """What a word may be in a phrase, from the least to the most."""

    EMPTY = 0
    """Joins others: of, between, very, den."""
    PROSE = 1
    """Speaks about any paper: novel, outperform, state-of-the-art. Never at an edge."""
    ENDING = 2
    """Says something only behind another word: method, framework."""
    NOUN = 3
    """The same, and may also lead: system identification, benchmark contamination. Never alone."""
    GENERIC = 4
    """A subject by itself only where everything is about it: video, retrieval."""
    TELLING = 5
    """Every other word, and every acronym."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, text.split()))


JOINING = _words("of to as a the by")
"""What may stand inside a phrase: chain of thought, text to image."""
_EMPTY = FUNCTION_WORDS | _words("""
about above across after again against almost along already also although always among another around because been before being below
beside besides between beyond both cannot could despite did do does done down due during each eg either else especially et etc even ever
every few first five four further furthermore had hence here however ie ii iii indeed instead just last least less like likewise many me
meanwhile might mine more moreover most much must namely nearly neither nevertheless next no non none now often once only onto other others
otherwise ours over overall perhaps rather respectively second several seven shall should similarly since six some still such ten thereby
therefore these third those though three through throughout thus till together toward towards until up us using used uses usually versus
very well where whereas whether while whose within without would your
aber als auf aus bei das dem den der des die durch ein eine einer eines es im ist mit nach nicht oder sich sind und von werden zu zum zur
au aux avec ce cette dans de du elle en entre est et la le les leur ou par pas pour que qui sont sur un une
al como con del el las los más mas o para por se sin su una y alla che con dei della delle di gli i il nel per è com da das do dos em na no
""")
_PROSE = _stems("""
able accept accurate acknowledge achieve actual adapt add additional address adequate adopt advance advantage affect aim allow alternative
amount analyse analyze answer appear applicable apply appropriate arbitrary argue arise art article ask aspect assess assume attempt
author available average avoid aware base basic begin behave believe benefit best better big bridge bring broad build call capability capable
capture careful carry case cause central certain challenge challenging change characteristic characterize choice choose claim clear close
coarse collect combination combine come common compare comparable comparative comparison compelling compete competitive complete complex
component comprehensive comprise conceive concern conclude conduct confirm consequence consider considerable consist consistent constitute
construct contain contribute contribution conventional correct correspond cover create critical crucial current cut daily date deal decrease
dedicated deep define degree deliver demand demonstrate depend derive describe desirable detail determine develop development differ
different difficult direct discover discuss distinct diverse drawback drive early easy effect effective efficacy efficient effort elegant
eliminate emerge emphasize empirical employ empower enable encompass encourage end enhance enjoy enrich ensure entire equal equip essential
establish evaluate evidence evident evolve exact examine example exceed excellent excess execute exhibit exist expand expect expensive
experiment experimental explain explicit exploit explore expose extend extensive extent extra extract extreme face facilitate fact factor
fail faithful familiar far fast favorable fewer final find flagship flexible focus follow form former formulate forward foster foundational
frequent frontier fruitful full function fundamental future gain gap gather general generate genuine give global goal good grand great
ground grow guarantee guide handle happen hard help heavy high highlight hinder hold holistic hope huge hypothesize idea ideal identify
ignore illustrate immediate impact implement imply important impose impossible impressive improve inadequate include incorporate increase
incur indicate individual inform inherent initial innovative insight inspire insufficient integrate intend intensive interest interesting
intermediate intrinsic introduce intricate intuitive investigate involve issue item join joint judge justify keep key kind know lack large
late latter lead learn leave left leverage lie limit limitation list literature little live long look lose low main maintain major make
manage manner match matter maximize mean meaningful meet mention mere merit minimal minimize miss mitigate modern modest modify moderate
motivate move multiple naive natural nature near necessary necessitate need negligible new notable note notice notion novel number numerous
object objective observe obstacle obtain obvious occur offer open operate opportunity optimal option order ordinary original outcome
outperform output outstanding overcome overlook overview own pair paper part partial particular pass past pave perform permit perspective
perfect piece pinpoint place plausible play point poor popular pose position positive possess possible potential powerful practical
practice precise predominant prefer premise prepare present preserve prevail prevalent prevent previous primary principal principle prior
proceed produce profound progress project prominent promise promote prompt prone proof proper proportion propose proposal prove proven
provide public publish purpose pursue push put qualitative quality quantitative question quick quite raise range rapid rare reach react
readily ready real realistic realize reason recent recognize reconsider record reduce refer refine reflect regard regular relate relative
release relevant reliable rely remain remark remarkable remove replace report represent require requirement research researcher resolve
respect respond rest restrict result retain reveal review rich rigorous rise robust role rough routine run same satisfy save scalable scale
scenario scope seamless search section see seek seem select sense separate serious serve set severe shape share sharp shed short shortcoming
show significant similar simple simplify simultaneous single situation size slight small sole solution solve sophisticated sort sound
special specific speed spirit stage stand standard start state-of-the-art stay step straightforward strength strengthen strict strike strive
strong struggle study subject subsequent substantial subtle succeed success successful suffer suffice sufficient suggest suitable suite
summarize superior support surpass surprising survey susceptible sustain systematic tackle tailor take technical tend term test thing think
thorough thousand tie time timely today top total touch traditional train translate treat trend true try turn type typical ultimate unable
unclear uncover underexplored underlie underlying underscore understand unexplored unfortunate unified unify unique unit unknown unlike
unlock unnecessary unprecedented unseen update urgent usage use useful user usual utilize vague valid validate valuable vary various vast
version viable view vital want way weak wide widespread win work worse worst worth yield
appendix arxiv com doi edu github html http https org preprint supplementary textbf textit textsc url website www
gpu cpu sota flop gpt openai ai
""")
_ENDINGS = _stems("""
approach capability framework function method methodology paradigm pipeline problem procedure property prompt scenario scheme search
setting strategy technique test tool type
""")
_NOUNS = _stems("""
algorithm application architecture baseline benchmark budget category challenge cost dataset environment fact framework input
instance length level mechanism mode module operation part path performance process rate region resource rule sample source structure
system target task value variant
""")
_GENERIC = _stems("""
accuracy action agent analysis assumption attention attribute behavior bias block body boundary chain character class classification code
collection color communication community compression computation compute computer concept condition content context control coverage
criterion data database decision decomposition degradation density deployment depth design detection device difficulty diffusion dimension
direction discipline discovery distance distribution document domain dynamic edge editing efficiency element embedding energy engineering
entity equation error estimation estimator evaluation event expert expression family feature feedback field filter flow format formula
foundation frame frequency fusion generalization generation graph group guidance hardware health history human identity image index industry
inference information infrastructure instruction integration intelligence interaction interface internal external iteration knowledge label
language layer learning letter library light line linear linguistic local logic loss machine management map market mask mass material
mathematical matrix medium memory message metric mind mixture modality model moment motion multimodal negative network neural node noise
nonlinear normal operator optimization optimum organization orthogonal parallel parameter pattern penalty perception period person phase
phenomenon physical physics pixel plan planning platform policy population power practitioner precision prediction preference presence
pressure price probability processing product program protocol quantity query reasoning recognition reconstruction reference refinement
regime reinforcement relation representation response retrieval reward risk robot safety sampling scene schedule science scientific score
segmentation self semantic sensor sequence series server service session shift signal simulation site skill society software space spatial
speech stability state static statistic stochastic stream student subset surface symbol synthesis synthetic table teacher team temperature
temporal text theorem theory thought threshold token topic trace tracking training trajectory transfer transform transformation transition
tree uncertainty variable variance vector verification video vision visual volume weight window word world year
""")
COMMON_COMPOUNDS = _stems("""
realworld finegrained coarsegrained opensource largescale smallscale highquality lowquality stateoftheart endtoend plugandplay longterm
shortterm wellknown crossdomain datadriven highdimensional lowdimensional lowcost highlevel lowlevel realtime twostage multistage multistep
highresolution highfidelity timeconsuming tradeoff costeffective handcrafted groundtruth humanlike indepth stepbystep highperformance
nontrivial modelagnostic taskspecific domainspecific multidimensional userfriendly multiscale openended multilevel crossmodal
""")
"""Compounds under hyphens that any paper may use, written in one."""


@lru_cache(maxsize=65_536)
def kind(word: Word) -> Kind:
    """What a word may be in a phrase."""
    if word.form in _EMPTY or not any(map(str.isalpha, word.form)):
        return Kind.EMPTY
    prose = word.stem in _PROSE or (word.form.endswith("ly") and len(word.form) > 4)
    if prose or (word.acronym and word.form in _PROSE):
        return Kind.ENDING if word.stem in _ENDINGS else Kind.PROSE
    if word.acronym:
        return Kind.TELLING
    if word.stem in _ENDINGS:
        return Kind.ENDING
    if word.stem in _NOUNS:
        return Kind.NOUN
    return Kind.GENERIC if word.stem in _GENERIC else Kind.TELLING
