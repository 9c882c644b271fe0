"""What single words are worth in a phrase that names a subject: from nothing ("of", "novel") to all of it ("splatting").

A judgement about the English of titles and abstracts, made by hand, for where no history tells what is common.
"""

from __future__ import annotations

import re
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
meanwhile might mine more moreover most much must namely nearly neither nevertheless next no non none now often once only onto other
others otherwise ours over overall perhaps rather respectively second several seven shall should similarly since six some still such ten
thereby therefore these third those though three through throughout thus till together toward towards until up us using used uses usually
versus very well where whereas whether while whose within without would your aber als auf aus bei das dem den der des die durch ein eine
einer eines es im ist mit nach nicht oder sich sind und von werden zu zum zur au aux avec ce cette dans de du elle en entre est et la le
les leur ou par pas pour que qui sont sur un une al como con del el las los más mas o para por se sin su una y alla che con dei della
delle di gli i il nel per è com da das do dos em na no
""")
_PROSE = _stems("""
able accept accurate acknowledge achieve actual adapt add additional address adequate adopt advance advantage affect aim allow alternative
amount analyse analyze answer appear applicable apply appropriate arbitrary argue arise art article ask aspect assess assume attempt
author available average avoid aware base basic begin behave believe benefit best better big bridge bring broad build call capability
capable capture careful carry case cause central certain challenge challenging change characteristic characterize choice choose claim
clear close coarse collect combination combine come common compare comparable comparative comparison compelling compete competitive
complete complex component comprehensive comprise conceive concern conclude conduct confirm consequence consider considerable consist
consistent constitute construct contain contribute contribution conventional correct correspond cover create critical crucial current cut
daily date deal decrease dedicated deep define degree deliver demand demonstrate depend derive describe desirable detail determine develop
development differ different difficult direct discover discuss distinct diverse drawback drive early easy effect effective efficacy
efficient effort elegant eliminate emerge emphasize empirical employ empower enable encompass encourage end enhance enjoy enrich ensure
entire equal equip essential establish evaluate evidence evident evolve exact examine example exceed excellent excess execute exhibit
exist expand expect expensive experiment experimental explain explicit exploit explore expose extend extensive extent extra extract
extreme face facilitate fact factor fail faithful familiar far fast favorable fewer final find flagship flexible focus follow form former
formulate forward foster foundational frequent frontier fruitful full function fundamental future gain gap gather general generate genuine
give global goal good grand great ground grow guarantee guide handle happen hard help heavy high highlight hinder hold holistic hope huge
hypothesize idea ideal identify ignore illustrate immediate impact implement imply important impose impossible impressive improve
inadequate include incorporate increase incur indicate individual inform inherent initial innovative insight inspire insufficient
integrate intend intensive interest interesting intermediate intrinsic introduce intricate intuitive investigate involve issue item join
joint judge justify keep key kind know lack large late latter lead learn leave left leverage lie limit limitation list literature little
live long look lose low main maintain major make manage manner match matter maximize mean meaningful meet mention mere merit minimal
minimize miss mitigate modern modest modify moderate motivate move multiple naive natural nature near necessary necessitate need
negligible new notable note notice notion novel number numerous object objective observe obstacle obtain obvious occur offer open operate
opportunity optimal option order ordinary original outcome outperform output outstanding overcome overlook overview own pair paper part
partial particular pass past pave perform permit perspective perfect piece pinpoint place plausible play point poor popular pose position
positive possess possible potential powerful practical practice precise predominant prefer premise prepare present preserve prevail
prevalent prevent previous primary principal principle prior proceed produce profound progress project prominent promise promote prompt
prone proof proper proportion propose proposal prove proven provide public publish purpose pursue push put qualitative quality
quantitative question quick quite raise range rapid rare reach react readily ready real realistic realize reason recent recognize
reconsider record reduce refer refine reflect regard regular relate relative release relevant reliable rely remain remark remarkable
remove replace report represent require requirement research researcher resolve respect respond rest restrict result retain reveal review
rich rigorous rise robust role rough routine run same satisfy save scalable scale scenario scope seamless search section see seek seem
select sense separate serious serve set severe shape share sharp shed short shortcoming show significant similar simple simplify
simultaneous single situation size slight small sole solution solve sophisticated sort sound special specific speed spirit stable stage
stand standard start state-of-the-art stay step straightforward strength strengthen strict strike strive strong struggle study subject
subsequent substantial subtle succeed success successful suffer suffice sufficient suggest suitable suite summarize superior support
surpass surprising survey susceptible sustain systematic tackle tailor take technical tend term test thing think thorough thousand tie
time timely today top total touch traditional train translate treat trend true try turn type typical ultimate unable unclear uncover
underexplored underlie underlying underscore understand unexplored unfortunate unified unify unique unit unknown unlike unlock unnecessary
unprecedented unseen update urgent usage use useful user usual utilize vague valid validate valuable vary various vast version viable view
vital want way weak wide widespread win work worse worst worth yield ability access according revisit quantify rethink versatile amplify
automate advocate agnostic alongside annotate anticipate area associate automatic auxiliary background balance become bottleneck boost
broader built built-in capacity centric close coherent collaborate comparably complement complementary confidence connect consume
consuming continuous core couple creation curate dependent downstream dramatic driven dual easier everyday facet fine faster favor
fidelity fixed found free generalizable given greater higher implicit independent interplay intricacy known larger later latest
lightweight lower made manual meanwhile mild named narrow notorious nuanced onto peer pioneer plug post pre pretrained primitive
prohibitive pronounced random rapid redundant reliance relationship repeat reside resolution respective scarcity sensitive shown
simplicity unveil smaller specify spanning stem suboptimal surrounding technological technology theoretical trade transparent trivial upon
variation visible wise witness co inter intra multi quasi re sub appendix arxiv com doi edu github html http https org preprint
supplementary textbf textit textsc url website www
""")
_USUAL = _words(
    "ai api apis auc auroc bleu cpu cpus fid flop flops gpt gpts gpu gpus ieee iou openai psnr rouge sota ssim tpu tpus usa"
)
"""Acronyms that any paper may use."""
_ENDINGS = _stems("""
approach capability framework function method methodology paradigm pipeline problem procedure property prompt scenario scheme search
setting strategy task technique test tool type
""")
_NOUNS = _words("""
data human image knowledge language model text video visual web word world acceleration adaptation algorithm analysis alignment answering
application architecture baseline benchmark benchmarking budget category challenge characterization comparison composition construction
cost customization dataset enhancement environment evaluation evolution exploration exploitation extraction fact following generation
grounding identification implementation improvement input instance learning length level matching mechanism measurement metric mode
modeling modelling module observation operation part path performance process processing production programming prompting publication
questioning rate refinement region removal replacement resource rule sample sampling scaling search selection separation setting sharing
solver source structure synthesis system target testing training translation tuning understanding validation value variant verification
writing
""")
_GENERIC = _words("""
accuracy action agent assumption attention attribute behavior bias block body boundary chain character class classification code
collection color communication community compression computation compute computer concept condition content context control coverage
criterion database decision decomposition degradation density deployment depth design detection device difficulty diffusion dimension
direction discipline discovery distance distribution document domain dynamic edge editing efficiency element embedding energy engineering
entity equation error estimation estimator evaluation event expert expression family feature feedback field filter flow format formula
foundation frame frequency fusion generalization generation graph group guidance hardware health history identity index industry inference
information infrastructure instruction integration intelligence interaction interface internal external iteration label layer learning
letter library light line linear linguistic local logic loss machine management map market mask mass material mathematical matrix medium
memory message mind mixture modality moment motion multimodal negative network neural node noise nonlinear normal operator optimization
optimum organization orthogonal parallel parameter pattern penalty perception period person phase phenomenon physical physics pixel plan
planning platform policy population power practitioner precision prediction preference presence pressure price probability processing
product program protocol quantity query reasoning recognition reconstruction reference refinement regime reinforcement relation
representation response retrieval reward risk robot safety sampling scene schedule science scientific score segmentation self semantic
sensor sequence series server service session shift signal simulation site skill society software space spatial speech stability state
static statistic stochastic stream student subset surface symbol synthesis synthetic table teacher team temperature temporal theorem
theory thought threshold token topic trace tracking training trajectory transfer transform transformation transition tree uncertainty
variable variance vector verification vision volume weight window year zero shot
""")
_ADJECTIVE = re.compile(r".{3,}(?:al|ic|ive|ous|ble|ed|ary|ful|less)")
_NOUNS_ALL_THE_SAME = _words("""
arithmetic boundary capital chemical clinic crystal dictionary ensemble epidemic fabric fractal genetic heuristic hospital integral
interval library logic magic material metal metric mineral music nanoparticle objective optic panic parable particle perspective pixel
plastic potential primitive principal proposal quadric receptive reciprocal removal retrieval rival robotic salary seed semantic
sequential signal speed statistic summary survival tactic topic traffic trial variable vocabulary
""")
COMMON_COMPOUNDS = _stems("""
realworld finegrained coarsegrained opensource largescale smallscale highquality lowquality stateoftheart endtoend plugandplay longterm
shortterm wellknown crossdomain datadriven highdimensional lowdimensional lowcost highlevel lowlevel realtime twostage multistage
multistep highresolution highfidelity timeconsuming tradeoff costeffective handcrafted groundtruth humanlike indepth stepbystep
highperformance nontrivial modelagnostic taskspecific domainspecific multidimensional userfriendly multiscale openended multilevel
crossmodal closedsource preexisting
""")
"""Compounds under hyphens that any paper may use, written in one."""


_NOUN_STEMS, _GENERIC_STEMS = _stems(" ".join(_NOUNS)), _stems(" ".join(_GENERIC))


@lru_cache(maxsize=65_536)
def kind(word: Word) -> Kind:
    """What a word may be in a phrase. "Generation" is a subject though "generate" is prose: the form goes before the stem."""
    if word.acronym:
        return Kind.EMPTY if word.form in _USUAL or word.form in FUNCTION_WORDS else Kind.TELLING
    if word.form in _EMPTY or not any(map(str.isalpha, word.form)):
        return Kind.EMPTY
    singular = word.form.removesuffix("s")
    for forms, its in ((_NOUNS, Kind.NOUN), (_GENERIC, Kind.GENERIC)):
        if word.form in forms or singular in forms:
            return its
    if word.stem in _PROSE or (word.form.endswith("ly") and len(word.form) > 4):
        return Kind.ENDING if word.stem in _ENDINGS else Kind.PROSE
    stems = ((_ENDINGS, Kind.ENDING), (_NOUN_STEMS, Kind.NOUN), (_GENERIC_STEMS, Kind.GENERIC))
    return next((its for roots, its in stems if word.stem in roots), Kind.TELLING)


def adjective(word: Word) -> bool:
    """Whether a word looks like an adjective, which names no subject where no noun follows it."""
    nouns = word.form in _NOUNS_ALL_THE_SAME or word.form.removesuffix("s") in _NOUNS_ALL_THE_SAME
    return not word.acronym and not nouns and _ADJECTIVE.fullmatch(word.form) is not None
